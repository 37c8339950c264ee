// A database that is reached by CouchDB's API: of CouchDB itself, of mycouch's administrator, or a tenant's.
//
// MYCOUCH_TEST_COUCHDB_URL names a CouchDB with its administrator, as http://admin:password@127.0.0.1:5984; what needs a
// real one is skipped without it.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';

const couchdb = process.env.MYCOUCH_TEST_COUCHDB_URL?.replace(/\/$/, '');

/** For a test's `skip`: false, or why. */
export const withoutCouchDb = couchdb ? false : 'MYCOUCH_TEST_COUCHDB_URL names no CouchDB';

const page = 500;

export class Database {
  /** `url` without credentials; `authorization` is the header field's value. */
  constructor(url, authorization) {
    this.url = url;
    this.headers = { authorization };
  }

  /** The same with the user name and the password in it. */
  get urlWithPassword() {
    const [user, password] = Buffer.from(this.headers.authorization.replace('Basic ', ''), 'base64').toString().split(':');
    return this.url.replace('://', `://${encodeURIComponent(user)}:${encodeURIComponent(password)}@`);
  }

  async fetch(method, path, { json, body, headers = {} } = {}) {
    return fetch(this.url + path, {
      method,
      headers: { accept: 'application/json', ...(json ? { 'content-type': 'application/json' } : {}), ...this.headers, ...headers },
      body: json ? JSON.stringify(json) : body,
    });
  }

  /** The answer's JSON, which must be a success. */
  async request(method, path, options) {
    const response = await this.fetch(method, path, options);
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  async create() {
    await this.request('PUT', '');
    return this;
  }

  async remove() {
    await this.request('DELETE', '');
  }

  /** Edits made here: their revisions. */
  async write(docs) {
    const rows = [];
    for (let at = 0; at < docs.length; at += page) {
      rows.push(...(await this.request('POST', '/_bulk_docs', { json: { docs: docs.slice(at, at + page) } })));
    }
    assert.deepEqual(rows.filter((row) => row.error), []);
    return rows.map((row) => row.rev);
  }

  /** Edits made elsewhere, each with its `_rev` or `_revisions`. */
  async replicateIn(docs) {
    assert.deepEqual(await this.request('POST', '/_bulk_docs', { json: { new_edits: false, docs } }), []);
  }

  /**
   * Every leaf revision as a line of text with all that replicas must agree on (history, body, attachments by their
   * content), by id and revision; sorted. Without design documents where `keep` says so.
   */
  async leaves(keep = () => true) {
    const lines = [];
    for (let since = '0'; ;) {
      const { results, last_seq } = await this.request('GET', `/_changes?style=all_docs&limit=${page}&since=${encodeURIComponent(since)}`);
      if (results.length === 0) return lines.sort();
      const asked = results.filter(keep).flatMap(({ id, changes }) => changes.map(({ rev }) => ({ id, rev })));
      const got = await this.request('POST', '/_bulk_get?revs=true', { json: { docs: asked } });
      for (const entry of got.results.flatMap(({ docs }) => docs)) {
        assert.ok(entry.ok, JSON.stringify(entry));
        lines.push(await this.#line(entry.ok));
      }
      since = last_seq;
    }
  }

  async #line({ _attachments: attachments = {}, ...document }) {
    const contents = {};
    for (const [name, { content_type, length, revpos }] of Object.entries(attachments)) {
      const id = document._id.startsWith('_design/') ? document._id : encodeURIComponent(document._id);
      const response = await this.fetch('GET', `/${id}/${encodeURIComponent(name)}?rev=${document._rev}`, { headers: { accept: '*/*' } });
      const content = Buffer.from(await response.arrayBuffer());
      assert.equal(content.length, length);
      contents[name] = { content_type, revpos, sha256: createHash('sha256').update(content).digest('hex') };
    }
    return JSON.stringify(sorted({ ...document, contents }));
  }
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]));
}

/** One hash over all leaf revisions. */
export function hashOf(leaves) {
  return createHash('sha256').update(leaves.join('\n')).digest('hex');
}

function administrator() {
  const { username, password } = new URL(couchdb);
  return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;
}

/** A database of the real CouchDB for the time of `body`. */
export async function withCouchDatabase(body) {
  const name = `mycouch-test-${randomBytes(6).toString('hex')}`;
  const database = new Database(`${new URL(couchdb).origin}/${name}`, administrator());
  await database.create();
  try {
    return await body(database);
  } finally {
    await database.remove();
  }
}

/** One request to the CouchDB itself, such as to its replicator. */
export async function couchDb(method, path, json) {
  const response = await fetch(new URL(couchdb).origin + path, {
    method,
    headers: { 'content-type': 'application/json', authorization: administrator() },
    body: json === undefined ? undefined : JSON.stringify(json),
  });
  return { status: response.status, body: await response.json() };
}
