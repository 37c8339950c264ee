// A real CouchDB replicates to and from mycouch, once and continuously: afterwards both hold the same leaf revisions, by a
// hash over their ids, histories, bodies and attachments.
//
// MYCOUCH_TEST_LARGE=1: 10,000 documents with 500 attachments each way, instead of a few hundred.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { Database, couchDb, hashOf, withCouchDatabase, withoutCouchDb } from '../harness/couch.mjs';
import { withServer } from '../harness/server.mjs';
import { User } from '../harness/users.mjs';
import { eventually } from '../harness/wait.mjs';

const large = process.env.MYCOUCH_TEST_LARGE === '1';
const size = large ? { documents: 10_000, attachments: 500 } : { documents: 300, attachments: 20 };
const timeout = large ? 900_000 : 180_000;

/** A body with an empty database of CouchDB's and one of the mycouch administrator's. */
function onPair(sentence, body) {
  test(sentence, { timeout, skip: withoutCouchDb }, withServer((server, t) => withCouchDatabase(async (couch) => {
    const ours = await new Database(`${server.url}/mirror`, await server.administrator()).create();
    await body(couch, ours, t, server);
  })));
}

function text(length) {
  return randomBytes(Math.ceil(length / 2)).toString('hex').slice(0, length);
}

/** Documents with attachments, edits, conflicts and deletions; `prefix` keeps several fillings apart. */
async function fill(database, prefix, extra = {}, { documents, attachments } = size) {
  const docs = Array.from({ length: documents }, (_, i) => ({ _id: `${prefix}-${i}`, ...extra, i, text: text(i % 700), nested: { é: [1.5, null, { _x: true }] } }));
  for (let i = 0; i < attachments; ++i) {
    const doc = docs[Math.floor((i * documents) / attachments)];
    doc._attachments = {
      'a b/c.bin': { content_type: 'application/octet-stream', data: randomBytes(1 + ((i * 7919) % 60_000)).toString('base64') },
    };
    if (i % 4 === 0) doc._attachments['é.txt'] = { content_type: 'text/plain', data: Buffer.from(text(50).repeat(1 + (i % 200))).toString('base64') };
  }
  const revs = await database.write(docs);
  const some = (nth) => docs.map((doc, i) => ({ doc, rev: revs[i], i })).filter(({ i }) => i % nth === 3);
  const stubs = ({ _attachments }) => _attachments && Object.fromEntries(
    Object.entries(_attachments).map(([name, { content_type }]) => [name, { content_type, stub: true, revpos: 1 }]),
  );
  await database.write(some(10).map(({ doc, rev }) => ({ ...doc, _rev: rev, text: 'edited', _attachments: stubs(doc) })));
  await database.write(some(17).filter(({ i }) => i % 10 !== 3).map(({ doc, rev }) => ({ _id: doc._id, _rev: rev, _deleted: true, ...extra })));
  const conflicts = some(13).map(({ doc, rev }) => {
    const [, hash] = rev.split('-');
    return { _id: doc._id, ...extra, text: 'elsewhere', _revisions: { start: 2, ids: [text(32), hash] } };
  });
  for (let at = 0; at < conflicts.length; at += 500) await database.replicateIn(conflicts.slice(at, at + 500));
}

function endpoint({ url, headers }) {
  return { url, headers };
}

async function replicate(source, target, t) {
  const started = performance.now();
  const { status, body } = await couchDb('POST', '/_replicate', { source: endpoint(source), target: endpoint(target) });
  assert.equal(status, 200, JSON.stringify(body));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const [{ docs_read, docs_written, doc_write_failures }] = body.history ?? [{}];
  t.diagnostic(`${docs_written} revisions of ${docs_read} in ${seconds} s`);
  assert.equal(doc_write_failures ?? 0, 0);
}

/** A continuous replication for the time of `body`. */
async function whileReplicating(pairs, body) {
  const requests = pairs.map(([source, target]) => ({ source: endpoint(source), target: endpoint(target), continuous: true }));
  for (const request of requests) assert.equal((await couchDb('POST', '/_replicate', request)).status, 202);
  try {
    await body();
  } finally {
    await Promise.all(requests.map((request) => couchDb('POST', '/_replicate', { ...request, cancel: true })));
  }
}

async function assertEqual(one, other, t) {
  const [a, b] = await Promise.all([one.leaves(), other.leaves()]);
  if (hashOf(a) !== hashOf(b)) assert.deepEqual(a, b);
  t.diagnostic(`${a.length} leaf revisions, ${hashOf(a).slice(0, 16)}`);
}

onPair('CouchDB pushes to mycouch', async (couch, ours, t) => {
  await fill(couch, 'c');
  await replicate(couch, ours, t);
  await assertEqual(couch, ours, t);
});

onPair('CouchDB pulls from mycouch', async (couch, ours, t) => {
  await fill(ours, 'm');
  await replicate(ours, couch, t);
  await assertEqual(couch, ours, t);
});

onPair('after both ways the two are the same, and once more changes nothing', async (couch, ours, t) => {
  const few = { documents: 200, attachments: 10 };
  await fill(couch, 'c', {}, few);
  await fill(ours, 'm', {}, few);
  await couch.write([{ _id: 'both', from: 'CouchDB' }]);
  await ours.write([{ _id: 'both', from: 'mycouch' }]);
  await replicate(couch, ours, t);
  await replicate(ours, couch, t);
  await assertEqual(couch, ours, t);
  const { update_seq: before } = await ours.request('GET', '');
  await replicate(couch, ours, t);
  await replicate(ours, couch, t);
  const { update_seq: after } = await ours.request('GET', '');
  assert.equal(after, before);
});

onPair('continuously, each edit on either side comes to the other', async (couch, ours, t) => {
  await fill(couch, 'c', {}, { documents: 50, attachments: 5 });
  await whileReplicating([[couch, ours], [ours, couch]], async () => {
    await eventually('all is there', async () => (await ours.request('GET', '')).doc_count === (await couch.request('GET', '')).doc_count);
    await fill(ours, 'm', {}, { documents: 50, attachments: 5 });
    const [rev] = await couch.write([{ _id: 'live', n: 1, _attachments: { x: { content_type: 'text/plain', data: 'eHh4eHh4' } } }]);
    await eventually('the document comes', async () => (await ours.request('GET', '/live'))._rev === rev);
    const [next] = await ours.write([{ _id: 'live', _rev: rev, n: 2 }]);
    await eventually('the edit comes back', async () => (await couch.request('GET', '/live'))._rev === next);
    await couch.request('DELETE', `/live?rev=${next}`);
    await eventually('and the deletion', async () => (await ours.fetch('GET', '/live')).status === 404);
    await eventually('both are the same', async () => {
      await assertEqual(couch, ours, t);
      return true;
    }, { every: 500 });
  });
});

onPair("a tenant's view, by a user's token, both ways", async (couch, ours, t, server) => {
  const alice = await new User(server, 'alice').signIn();
  const token = `Bearer ${await alice.token()}`;
  const view = new Database(`${server.url}/__tenants/${alice.personalTenant}/roady`, token);
  const owned = { tenant: alice.personalTenant };
  const some = { documents: 200, attachments: 10 };
  await fill(couch, 'c', owned, some);
  await fill(view, 'm', owned, some);
  await replicate(couch, view, t);
  await replicate(view, couch, t);
  await assertEqual(couch, view, t);
  assert.equal((await ours.request('GET', '')).update_seq.split('-')[0], '0');
});
