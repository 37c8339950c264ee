// Queries and indexes, as the administrator and as a tenant's user.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { withServer } from '../harness/server.mjs';
import { addMember, createTenant, User } from '../harness/users.mjs';

const timeout = 120_000;

const songs = [
  { _id: 'blue', title: 'Blue', year: 1971, band: { name: 'Joni' } },
  { _id: 'help', title: 'Help!', year: 1965, band: { name: 'Beatles' }, tags: ['film', 'single'] },
  { _id: 'roxanne', title: 'Roxanne', year: 1978, band: { name: 'Police' }, tags: ['single'] },
  { _id: 'yesterday', title: 'Yesterday', year: 1965, band: { name: 'Beatles' } },
  { _id: 'sketch', title: 'Sketch' },
];
const scanned = 'No matching index found, create an index to optimize query time.';

/** Two ways to ask the same database: the administrator's own, and a user's part of the application's. */
async function views(server) {
  await server.asAdministrator('PUT', '/songs');
  const alice = await new User(server, 'alice').signIn();
  return [
    ['administrator', (method, path, options) => server.asAdministrator(method, `/songs${path}`, options)],
    ['user', (method, path, options) => alice.request(method, `/roady${path}`, options)],
  ].map(([name, ask]) => ({
    name,
    ask,
    async expect(status, method, path, json) {
      const answer = await ask(method, path, json === undefined ? {} : { json });
      assert.equal(answer.status, status, `${name}: ${method} ${path}: ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
    async find(query) {
      return this.expect(200, 'POST', '/_find', query);
    },
    async ids(query) {
      return (await this.find(query)).docs.map(({ _id }) => _id);
    },
  }));
}

function inEachView(sentence, body) {
  test(sentence, { timeout }, withServer(async (server) => {
    for (const view of await views(server)) {
      await view.expect(201, 'POST', '/_bulk_docs', { docs: songs });
      await body(view);
    }
  }));
}

inEachView('A query without an index works, and says that one would help', async (view) => {
  const { docs, warning, bookmark } = await view.find({ selector: { year: 1965 } });
  assert.deepEqual(docs.map(({ _id }) => _id), ['help', 'yesterday']);
  assert.match(docs[0]._rev, /^1-/);
  assert.equal(warning, scanned);
  assert.notEqual(bookmark, 'nil');
  assert.equal((await view.find({ selector: { year: 1 } })).bookmark, 'nil');
  assert.deepEqual(await view.find({ selector: { $or: [] } }), { docs: [] });
});

inEachView('An index sorts, pages and projects', async (view) => {
  const made = await view.expect(200, 'POST', '/_index', { index: { fields: ['year', 'title'] }, ddoc: 'by', name: 'year' });
  assert.deepEqual(made, { result: 'created', id: '_design/by', name: 'year' });
  const again = await view.expect(200, 'POST', '/_index', { index: { fields: ['year', 'title'] }, ddoc: 'by', name: 'year' });
  assert.equal(again.result, 'exists');

  const query = { selector: { year: { $gt: 1900 } }, sort: [{ year: 'desc' }, { title: 'desc' }], fields: ['_id', 'band.name'] };
  const all = await view.find(query);
  assert.equal(all.warning, undefined);
  assert.deepEqual(all.docs, [
    { _id: 'roxanne', band: { name: 'Police' } },
    { _id: 'blue', band: { name: 'Joni' } },
    { _id: 'yesterday', band: { name: 'Beatles' } },
    { _id: 'help', band: { name: 'Beatles' } },
  ]);
  const paged = [];
  for (let page = { docs: [1] }; page.docs.length > 0; ) {
    page = await view.find({ ...query, limit: 3, bookmark: page.bookmark });
    paged.push(...page.docs);
  }
  assert.deepEqual(paged, all.docs);
  assert.deepEqual(await view.ids({ ...query, skip: 1, limit: 2 }), ['blue', 'yesterday']);

  const { execution_stats: stats } = await view.find({ selector: { year: 1965, title: { $gt: null } }, execution_stats: true });
  assert.deepEqual([stats.total_keys_examined, stats.results_returned], [2, 2]);
});

inEachView('Writes move documents in an index', async (view) => {
  await view.expect(200, 'POST', '/_index', { index: { fields: ['year'] } });
  const [blue] = (await view.find({ selector: { year: 1971 } })).docs;
  await view.expect(201, 'PUT', '/blue', { ...blue, year: 1965 });
  assert.deepEqual(await view.ids({ selector: { year: 1965 }, sort: ['year'] }), ['blue', 'help', 'yesterday']);
  const { rev } = await view.expect(201, 'PUT', '/new', { year: 1965 });
  await view.expect(200, 'DELETE', `/new?rev=${rev}`);
  assert.deepEqual(await view.ids({ selector: { year: { $lt: 1970 } } }), ['blue', 'help', 'yesterday']);
});

inEachView('A partial index answers only those who name it', async (view) => {
  const index = { fields: ['year'], partial_filter_selector: { tags: { $elemMatch: { $eq: 'single' } } } };
  await view.expect(200, 'POST', '/_index', { index, ddoc: 'singles', name: 'year' });
  assert.deepEqual(await view.ids({ selector: { year: { $gt: 0 } }, use_index: 'singles' }), ['help', 'roxanne']);
  assert.equal((await view.find({ selector: { year: { $gt: 0 } } })).docs.length, 4);
});

inEachView('An index is what its design document says, however that came', async (view) => {
  await view.expect(201, 'PUT', '/_design/put', {
    language: 'query',
    views: { i: { map: { fields: { title: 'asc' }, partial_filter_selector: {} }, reduce: '_count', options: { def: { fields: ['title'] } } } },
  });
  assert.deepEqual(await view.ids({ selector: { title: { $gte: 'R' } }, sort: ['title'] }), ['roxanne', 'sketch', 'yesterday']);
  const listed = await view.expect(200, 'GET', '/_index');
  assert.deepEqual(listed.indexes.map(({ ddoc, name }) => [ddoc, name]), [[null, '_all_docs'], ['_design/put', 'i']]);
  assert.deepEqual(listed.indexes[1].def, { fields: [{ title: 'asc' }] });
  assert.equal((await view.expect(200, 'GET', '/_index?limit=1&skip=1')).indexes[0].name, 'i');

  const made = await view.expect(200, 'POST', '/_index', { index: { fields: ['year'] } });
  const design = await view.expect(200, 'GET', `/${made.id}`);
  assert.deepEqual(design.views[made.name].map, { fields: { year: 'asc' }, partial_filter_selector: {} });
  await view.expect(200, 'DELETE', `/${made.id}?rev=${design._rev}`);
  assert.equal((await view.expect(200, 'GET', '/_index')).total_rows, 2);
});

inEachView('A bookmark is good for as long as its index is the same', async (view) => {
  const define = async (fields, status = 200) => {
    await view.ask('DELETE', '/_index/d/json/i');
    return view.expect(status, 'POST', '/_index', { index: { fields }, ddoc: 'd', name: 'i' });
  };
  const query = { selector: { year: { $gt: 0 }, title: { $gt: null } }, limit: 2 };
  await define(['year', 'title']);
  const { docs, bookmark } = await view.find(query);
  assert.deepEqual(docs.map(({ _id }) => _id), ['help', 'yesterday']);
  const next = { ...query, bookmark };
  assert.deepEqual(await view.ids(next), ['blue', 'roxanne']);
  await define(['title', 'year']);
  const refused = await view.expect(400, 'POST', '/_find', next);
  assert.deepEqual(refused, { error: 'invalid_bookmark', reason: `Invalid bookmark value: "${bookmark}"` });
  await define(['year', 'title']);
  assert.deepEqual(await view.ids(next), ['blue', 'roxanne']);
});

inEachView('There is room for 64 indexes', async (view) => {
  const design = (count) => ({
    language: 'query',
    views: Object.fromEntries(Array.from({ length: count }, (_, i) => [`i${i}`, { map: { fields: { title: 'asc' } }, options: {} }])),
  });
  const refusal = { error: 'forbidden', reason: 'a database has at most 64 indexes' };
  await view.expect(201, 'PUT', '/_design/most', design(63));
  assert.deepEqual(await view.expect(403, 'PUT', '/_design/more', design(2)), refusal);
  const [one, two] = await view.expect(201, 'POST', '/_bulk_docs', { docs: [{ _id: '_design/a', ...design(1) }, { _id: '_design/b', ...design(1) }] });
  assert.deepEqual([one.ok, two], [true, { id: '_design/b', ...refusal }]);
  assert.deepEqual(await view.expect(403, 'POST', '/_index', { index: { fields: ['year'] } }), refusal);
  assert.equal((await view.expect(200, 'GET', '/_index')).total_rows, 65);
});

inEachView('Indexes are deleted one by one, and the design document with the last', async (view) => {
  for (const name of ['a', 'b', 'c']) {
    await view.expect(200, 'POST', '/_index', { index: { fields: [name] }, ddoc: 'd', name });
  }
  await view.expect(200, 'DELETE', '/_index/d/json/a');
  await view.expect(200, 'DELETE', '/_index/_design/d/json/b');
  assert.equal((await view.expect(404, 'DELETE', '/_index/d/json/b')).reason, 'missing');
  assert.equal((await view.expect(404, 'DELETE', '/_index/d/text/c')).reason, 'missing');
  assert.deepEqual(Object.keys((await view.expect(200, 'GET', '/_design/d')).views), ['c']);
  assert.deepEqual(await view.expect(200, 'POST', '/_index/_bulk_delete', { docids: ['d', 'none'] }), {
    success: [{ id: '_design/d', ok: true }],
    fail: [{ id: '_design/none', error: 'not_found' }],
  });
  assert.equal((await view.expect(404, 'GET', '/_design/d')).reason, 'deleted');
});

inEachView('What cannot be answered is refused in words of CouchDB', async (view) => {
  const refusals = [
    [400, 'no_usable_index', '/_find', { selector: { year: 1 }, sort: ['year'] }],
    [400, 'invalid_index', '/_find', { selector: { year: 1 }, use_index: 'x', allow_fallback: false }],
    [400, 'invalid_bookmark', '/_find', { selector: {}, bookmark: 'abc' }],
    [400, 'invalid_operator', '/_find', { selector: { a: { $no: 1 } } }],
    [400, 'missing_required_key', '/_explain', {}],
    [400, 'unsupported_mixed_sort', '/_index', { index: { fields: [{ a: 'asc' }, { b: 'desc' }] } }],
    [400, 'invalid_empty_string', '/_index', { index: { fields: ['a'] }, name: '' }],
    [400, 'invalid_index', '/_index', { index: ['a'] }],
    [400, 'missing_required_key', '/_index', {}],
    [503, 'required index service unavailable', '/_index', { index: { fields: ['a'] }, type: 'text' }],
    [400, 'invalid_bulk_docs', '/_index/_bulk_delete', { docids: 'x' }],
  ];
  for (const [status, word, path, query] of refusals) {
    assert.equal((await view.expect(status, 'POST', path, query)).error, word, JSON.stringify(query));
  }
  await view.expect(201, 'PUT', '/_design/other', { language: 'other' });
  const { error } = await view.expect(400, 'POST', '/_index', { index: { fields: ['a'] }, ddoc: 'other' });
  assert.equal(error, 'invalid_ddoc_lang');
  const { warning } = await view.find({ selector: { year: 1965 }, use_index: ['x', 'y'] });
  assert.equal(warning, `_design/x, y was not used because it is not a valid index for this query.\n${scanned}`);
});

inEachView('_explain tells of all indexes', async (view) => {
  await view.expect(200, 'POST', '/_index', { index: { fields: ['year'] }, ddoc: 'by', name: 'year' });
  await view.expect(200, 'POST', '/_index', { index: { fields: ['title'] }, ddoc: 'by', name: 'title' });
  const told = await view.expect(200, 'POST', '/_explain', { selector: { year: { $gt: 1970 } }, sort: [{ year: 'desc' }], fields: ['year'] });
  assert.equal(told.index.name, 'year');
  assert.deepEqual(told.selector, { year: { $gt: 1970 } });
  assert.deepEqual([told.mrargs.start_key, told.mrargs.end_key, told.mrargs.direction], [['<MAX>'], [1970], 'rev']);
  assert.equal(told.covering, true);
  assert.deepEqual(told.index_candidates.map(({ index, analysis }) => [index.name, analysis.usable]), [['title', false], ['_all_docs', false]]);
});

test('A query that takes long holds up nobody, on one thread too', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  const docs = Array.from({ length: 100 }, (_, i) => ({ _id: `song-${i}`, text: `${'a'.repeat(2000)}b` }));
  assert.equal((await user.request('POST', '/roady/_bulk_docs', { json: { docs } })).status, 201);
  const servedMeanwhile = async (query) => {
    let ended = false;
    const answer = user.request('POST', '/roady/_find', { json: query }).finally(() => (ended = true));
    let served = 0;
    for (; !ended; ++served) assert.equal((await user.request('GET', '/roady/song-0')).status, 200);
    assert.deepEqual((await answer).body.docs, [], JSON.stringify((await answer).body));
    return served;
  };
  const selector = { text: { $gt: null, $regex: '^(a+)+$' } };
  assert.ok(await servedMeanwhile({ selector }) > 12);
  assert.equal((await user.request('POST', '/roady/_index', { json: { index: { fields: ['text'] } } })).status, 200);
  assert.ok(await servedMeanwhile({ selector, sort: ['text'] }) > 12);
}, { args: ['--threads', '1'] }));

test('A tenant sees its own documents and indexes only', { timeout }, withServer(async (server) => {
  const alice = await new User(server, 'alice').signIn();
  const bob = await new User(server, 'bob').signIn();
  const band = await createTenant(alice, 'Band');
  for (const base of ['/roady', `/__tenants/${band}/roady`]) {
    await alice.request('PUT', `${base}/${base.length}`, { json: { of: base } });
    const answer = await alice.request('POST', `${base}/_index`, { json: { index: { fields: ['of'] }, ddoc: 'd', name: 'n' } });
    assert.equal(answer.status, 200);
  }
  const found = async (user, base, query) => (await user.request('POST', `${base}/_find`, { json: query })).body.docs.map(({ of }) => of);
  const query = { selector: { of: { $gt: null } }, sort: ['of'] };
  assert.deepEqual(await found(alice, '/roady', query), ['/roady']);
  assert.deepEqual(await found(alice, `/__tenants/${band}/roady`, query), [`/__tenants/${band}/roady`]);
  assert.deepEqual(await found(bob, '/roady', { selector: {} }), []);
  assert.equal((await bob.request('GET', '/roady/_index')).body.total_rows, 1);
  assert.equal((await bob.request('POST', `/__tenants/${band}/roady/_find`, { json: query })).status, 403);

  await addMember(server, band, bob, 'viewer');
  const inBand = `/__tenants/${band}/roady`;
  assert.deepEqual(await found(bob, inBand, query), [inBand]);
  assert.equal((await bob.request('POST', `${inBand}/_index`, { json: { index: { fields: ['a'] } } })).status, 403);
  assert.equal((await bob.request('DELETE', `${inBand}/_index/d/json/n`)).status, 403);
}));

test('Ten thousand documents are indexed and scanned', { timeout }, withServer(async (server) => {
  const [view] = await views(server);
  const count = 10_000;
  for (let from = 0; from < count; from += 1000) {
    const docs = Array.from({ length: 1000 }, (_, i) => ({ _id: `d${from + i}`, n: (from + i) % 97, filler: 'x'.repeat(100) }));
    await view.expect(201, 'POST', '/_bulk_docs', { docs });
  }
  const expected = Array.from({ length: count }, (_, i) => i).filter((i) => i % 97 === 5).map((i) => `d${i}`).sort();
  assert.deepEqual(await view.ids({ selector: { n: 5 }, limit: count }), expected);
  await view.expect(200, 'POST', '/_index', { index: { fields: ['n'] } });
  assert.deepEqual(await view.ids({ selector: { n: 5 }, sort: ['n'], limit: count }), expected);
  assert.equal((await view.find({ selector: { n: { $gte: 0 } }, limit: 1e6 })).docs.length, count);
}));
