// What a hostile tenant sends, and what becomes of it behind the gateway: every path that reaches the CouchDB is looked at, and
// then every document that lies there.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';

import { withGateways } from '../harness/gateways.mjs';
import { Proxy } from '../harness/proxy.mjs';
import { User } from '../harness/users.mjs';
import { within } from '../harness/wait.mjs';

const timeout = 300_000;
const canary = 'canary-5f0c1d';
const victim = 'tenant_alice_personal';
const prefix = `${victim}:`;

// As they stand in a path. Some are good ids, which only have to stay the tenant's own.
const segments = [
  '..', '.', '%2E%2E', '%2e%2e', '..%2F..', '%2F', '%2F..%2F', '..%2f..%2fx-roady%2fsong', '%3F', 'a%3Frev=1', '%23', 'a%23b', '%00', 'a%00b',
  '%0A', 'a%0D%0AHost:%20x', '%7F', '%1F', ':', '%3A', ':song', `${prefix}song`, `%3A${prefix}song`, encodeURIComponent(`${prefix}song`), '%C0%AE%C0%AE', '%C0%AF',
  '%E0%80%AF', '%F0%80%80%AF', '%ED%A0%80', '%FF', '%25', '%252E%252E', '%252F', '%', '%4', '%GG', '_secret', '__song', '_all_docs%2F', '_design', '_local', '_design/..',
  '_design%2Fsong', '_design/mycouch', '_local/..', '_local%2F..%2Fsong', `_local/${prefix}mine`, '_local/%3A', '_local/%2F', '_local/%00', '_local/a%3Fb', '+', 'a+b', '%20', '%5C..%5C', '..;', '\\..', '~',
  '"', '%22', '\'', '*', 'song%EF%BF%BF', '%E2%80%AE', 'x'.repeat(3000),
];
// As they stand in a JSON string.
const ids = [
  '..', '.', '../../x-roady/song', '/', '//', '?', 'a?b', '#', '\u0000', 'a\u0000b', '\n', '\r\nHost: x', '\u007f', ':', '::', ':song', `${prefix}song`, `:${prefix}song`,
  `../${prefix}song`, '%2E%2E', '%2F', '%00', '%', '_secret', '__song', '_design/song', '_design/mycouch-x', '_design/..', '_local/..', `_local/${prefix}mine`, '_local/x', '', '\ud800', '\uffff',
  '\u202e', 'tenant', 'ä', '😀', ' ', '"', '\\', '\\u0000', `${victim}`, `${victim};`, `${victim}%3Asong`, 'x'.repeat(3000),
];
const ranges = [
  'startkey=%22%22', 'startkey=null', `startkey=%22${prefix}%22`, 'endkey=%22%EF%BF%BF%22', `startkey=%22a%22&endkey=%22zzzz%22`, 'descending=true', 'descending=true&startkey=%22zzz%22&endkey=%22%22',
  `key=%22${prefix}song%22`, `keys=%5B%22${prefix}song%22%2C%22song%22%5D`, 'startkey=%7B%7D', 'startkey=%5B%5D', 'skip=0&limit=100000', `startkey_docid=${prefix}`, 'startkey=%22%5Cu0000%22',
  `start_key=%22_%22&end_key=%22~%22`, 'startkey=%22%C0%AE%22',
];

function selectors() {
  const all = { _id: { $gt: null } };
  return [
    {}, all, { _id: `${prefix}song` }, { _id: { $regex: '.*' } }, { _id: { $in: ['song', `${prefix}song`] } }, { $or: [all, { tenant: victim }] }, { tenant: victim }, { tenant: { $ne: 'x' } },
    { $nor: [{ tenant: 'x' }] }, { $not: { tenant: 'tenant_bob_personal' } }, { $and: [{ tenant: victim }, all] }, { secret: { $gt: 'can' } }, { secret: { $regex: '^canary' } },
    { _id: { $gte: prefix, $lt: `${victim};` } }, { $and: [], tenant: victim }, { '\\tenant': victim }, { 'tenant.x': { $exists: false } }, { $text: 'canary' }, { _id: { $gte: '' } },
  ];
}

/** A request with its path as it is given, which no client of a higher level would send. */
function raw(user, method, path, { json, headers = {} } = {}) {
  return within(60, `${method} ${path}`, (async () => {
    const token = await user.token();
    const body = json === undefined ? undefined : JSON.stringify(json);
    return new Promise((resolve, reject) => {
      const request = http.request({
        host: '127.0.0.1', port: user.server.port, method, path: encodeOnlyUnsendable(path),
        headers: { authorization: `Bearer ${token}`, accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }), ...headers },
      });
      request.once('error', reject).once('response', async (response) => {
        resolve({ status: response.statusCode, text: Buffer.concat(await response.toArray()).toString('latin1') });
      });
      request.end(body);
    });
  })());
}

// Node refuses these itself.
function encodeOnlyUnsendable(path) {
  return path.replace(/[\u0000-\u0020]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** Everything, as [what, method, path, options]. `db` is the database as the caller may name it. */
function* attacks(db, rev) {
  for (const segment of segments) {
    for (const method of ['GET', 'HEAD', 'DELETE']) yield [method, `${db}/${segment}`];
    yield ['PUT', `${db}/${segment}`, { json: { by: 'bob', tenant: victim } }];
    yield ['GET', `${db}/${segment}?revs=true&open_revs=all`];
    yield ['PUT', `${db}/own/${segment}?rev=${rev}`, { json: { by: 'bob' } }];
    yield ['GET', `${db}/own/${segment}`];
    yield ['DELETE', `${db}/own/${segment}?rev=${rev}`];
    yield ['GET', `${db}/own?rev=${segment}`];
    yield ['GET', `${db}/_local/${segment}`];
    yield ['PUT', `${db}/_local/${segment}`, { json: { by: 'bob' } }];
    yield ['GET', `${db}/_design/${segment}/_view/x`];
    yield ['GET', `/roady-${segment}/song`];
    yield ['COPY', `${db}/own`, { headers: { destination: segment } }];
    yield ['COPY', `${db}/${segment}`, { headers: { destination: 'stolen' } }];
    yield ['GET', `/__tenants/${segment}/roady/song`];
    yield ['GET', `${db}/_changes?since=${segment}`];
  }
  for (const id of ids) {
    const doc = { _id: id, by: 'bob', tenant: victim };
    yield ['POST', db, { json: doc }];
    yield ['POST', `${db}/_bulk_docs`, { json: { docs: [doc, { ...doc, _deleted: true }] } }];
    yield ['POST', `${db}/_bulk_docs`, { json: { new_edits: false, docs: [{ ...doc, _rev: `1-${'a'.repeat(32)}` }, { ...doc, _deleted: true, _rev: `2-${'b'.repeat(32)}` }] } }];
    yield ['POST', `${db}/_bulk_docs`, { json: { docs: [{ _id: `with-${ids.indexOf(id)}`, _attachments: { [id]: { data: 'aGk=', content_type: 'text/plain' } } }] } }];
    yield ['POST', `${db}/_bulk_get?revs=true&attachments=true`, { json: { docs: [{ id }, { id, rev: `1-${'a'.repeat(32)}` }, { id, atts_since: [id] }] } }];
    yield ['POST', `${db}/_revs_diff`, { json: { [id]: [`1-${'c'.repeat(32)}`, id] } }];
    yield ['POST', `${db}/_missing_revs`, { json: { [id]: [`1-${'c'.repeat(32)}`] } }];
    yield ['POST', `${db}/_all_docs?include_docs=true`, { json: { keys: [id] } }];
    yield ['POST', `${db}/_all_docs/queries`, { json: { queries: [{ keys: [id], include_docs: true }, { startkey: id, include_docs: true }] } }];
    yield ['GET', `${db}/_changes?filter=_doc_ids&include_docs=true&doc_ids=${encodeURIComponent(JSON.stringify([id]))}`.replace(/[^\x21-\x7e]/g, '')];
    yield ['POST', `${db}/_changes?filter=_doc_ids&include_docs=true`, { json: { doc_ids: [id] } }];
    yield ['POST', `${db}/_purge`, { json: { [id]: [`1-${'a'.repeat(32)}`] } }];
    yield ['POST', `${db}/_index`, { json: { index: { fields: [id] }, name: id, ddoc: id } }];
  }
  for (const range of ranges) {
    for (const list of ['_all_docs', '_local_docs', '_design_docs', '_changes']) yield ['GET', `${db}/${list}?include_docs=true&${range}`];
  }
  for (const selector of selectors()) {
    for (const more of [{}, { use_index: '_design/mycouch' }, { fields: ['_id', 'tenant', 'secret'] }, { bookmark: 'g1AAAA' }, { sort: [{ tenant: 'asc' }] }]) {
      yield ['POST', `${db}/_find`, { json: { selector, limit: 1000, ...more } }];
      yield ['POST', `${db}/_explain`, { json: { selector, ...more } }];
    }
    yield ['POST', `${db}/_changes?filter=_selector&include_docs=true`, { json: { selector } }];
  }
}

/** Why a path must not have come to the CouchDB; nothing where it may. */
function fault(path, database) {
  const [target] = path.split('?');
  const steps = target.split('/').slice(1);
  if (/[^\x21-\x7e]/.test(path)) return 'a byte that must be escaped';
  if (path.includes('#')) return 'a fragment';
  if (steps.some((step) => step === '.' || step === '..')) return 'a step in the path';
  if (steps.length > 5) return 'too many steps';
  if (steps.slice(1).some((step) => step === '')) return 'an empty step';
  if (steps[0] === database && target !== path && path.split('?').length > 2) return 'two queries';
  const known = /^_(local|design|all_docs|changes|bulk_docs|bulk_get|revs_diff|find|explain|index|purge|missing_revs|local_docs|design_docs)$/;
  if (steps[0] === database && steps.length > 1 && !known.test(steps[1]) && !/^[A-Za-z0-9%_.-]+%3A/i.test(steps[1])) return 'an id of no tenant';
  // In the system database a path may name any tenant: that is how a caller is found to be no member.
  if (steps[0] === database && decodeURIComponent(path).startsWith(`/${database}/${prefix}`)) return 'the other tenant\'s path';
  if (steps[0] === database && decodeURIComponent(path).startsWith(`/${database}/_local/${prefix}`)) return 'the other tenant\'s path';
  return undefined;
}

test('nothing that a tenant sends reaches another\'s data, or leaves its own range behind the gateway', { timeout },
  withGateways(1, async (gateways, gateway, t) => {
    const [alice, bob] = await Promise.all(['alice', 'bob'].map((sub) => new User(gateway, sub).signIn()));
    for (const id of ['song', 'own', 'a', ':', '..', 'tenant']) {
      const written = await alice.request('PUT', `/roady/${encodeURIComponent(id).replaceAll('.', '%2E')}`, { json: { secret: canary } });
      if (id !== '..') assert.equal(written.status, 201, `${id}: ${JSON.stringify(written.body)}`);
    }
    assert.equal((await alice.request('PUT', '/roady/_local/mine', { json: { secret: canary } })).status, 201);
    const own = await bob.request('PUT', '/roady/own', { json: { by: 'bob' } });
    assert.equal(own.status, 201);
    const before = (await alice.request('GET', '/roady/_all_docs?include_docs=true')).body;

    const from = gateways.proxy.requests.length;
    const told = [];
    const broken = [];
    let sent = 0;
    for (const attack of attacks('/roady', own.body.rev)) {
      const [method, path, options] = attack;
      // Others than the answer's status are judged below: many of these are good requests.
      const answer = await raw(bob, method, path, options);
      sent += 1;
      if (answer.text.includes(canary)) told.push([method, path, JSON.stringify(options), answer.text.slice(0, 300)]);
      if (answer.status >= 500 && answer.status !== 501) broken.push([answer.status, method, path.slice(0, 200), JSON.stringify(options)?.slice(0, 200), answer.text.slice(0, 300)]);
    }
    const paths = gateways.proxy.requests.slice(from);
    t.diagnostic(`${sent} requests of the tenant made ${paths.length} to the CouchDB`);
    assert.ok(paths.length > 500, 'the attacks get as far as the CouchDB');
    assert.deepEqual(told, [], 'no answer holds what is another\'s');
    const wrong = paths.map(({ method, path }) => [fault(path, `${gateways.prefix}roady`), method, path]).filter(([why]) => why);
    assert.deepEqual(wrong, [], 'no path upstream is out of bounds');
    assert.deepEqual(gateways.proxy.refused, [], 'nothing upstream is no HTTP');

    // As the CouchDB's administrator reads it: every document and every tombstone.
    const known = new Set([victim, bob.personalTenant]);
    const feed = (await gateways.upstreamRequest('GET', 'roady/_changes?include_docs=true&style=all_docs')).body;
    assert.ok(feed.results.length > 30, 'there is something to look at');
    for (const { id, doc } of feed.results) {
      if (id.startsWith('_design/')) {
        assert.match(id, /^_design\/mycouch-/);
        continue;
      }
      const tenant = id.slice(0, id.indexOf(':'));
      assert.ok(known.has(tenant), `${id} is no tenant's`);
      assert.equal(doc.tenant, tenant, `${id}${doc._deleted ? ', a tombstone,' : ''} names its tenant`);
    }
    const locals = (await gateways.upstreamRequest('GET', 'roady/_local_docs')).body;
    assert.ok(locals.rows.length > 0);
    for (const { id } of locals.rows) assert.ok([...known].some((tenant) => id.startsWith(`_local/${tenant}:`)), id);

    assert.deepEqual((await alice.request('GET', '/roady/_all_docs?include_docs=true')).body, before, 'the other tenant is as it was');
    assert.deepEqual(broken.filter(([status]) => status === 500), [], 'no request is a fault of the server\'s');
    for (const [status, ...request] of broken) t.diagnostic(`answered with ${status}: ${request.join(' ')}`);
    assert.ok(gateway.running);
  }, { through: (url) => Proxy.start(url) }));
