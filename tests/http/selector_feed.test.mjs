// The filter `_selector` of _changes, in all kinds of feed.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Exchange } from '../harness/exchange.mjs';
import { withServer } from '../harness/server.mjs';
import { band, User } from '../harness/users.mjs';
import { eventually } from '../harness/wait.mjs';

const timeout = 60_000;

async function put(user, target, json = {}) {
  const { status, body } = await user.request('PUT', target, { json });
  assert.equal(status, 201, JSON.stringify(body));
  return body.rev;
}

async function changes(user, selector, query = '') {
  const { status, body } = await user.request('POST', `/roady/_changes?filter=_selector${query}`, { json: { selector } });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

const ids = ({ results }) => results.map(({ id }) => id);

async function open(user, selector, query) {
  const feed = new Exchange(user.server, 'POST', `/roady/_changes?filter=_selector${query}`, { token: await user.token() });
  feed.request.end(JSON.stringify({ selector }));
  await feed.begun();
  return feed;
}

test('only rows whose documents match are sent, and the feed goes on behind the others', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  await put(user, '/roady/a', { type: 'song', bpm: 90 });
  await put(user, '/roady/b', { type: 'gig' });
  await put(user, '/roady/c', { type: 'song', bpm: 120 });
  await put(user, '/roady/d', { type: 'gig' });
  const { body: info } = await user.request('GET', '/roady/');

  const songs = await changes(user, { type: 'song' });
  assert.deepEqual([ids(songs), songs.last_seq, songs.pending], [['a', 'c'], info.update_seq, 0]);
  assert.deepEqual(ids(await changes(user, { type: 'song', bpm: { $gt: 100 } })), ['c']);
  assert.deepEqual(ids(await changes(user, {})), ['a', 'b', 'c', 'd']);
  assert.deepEqual(ids(await changes(user, { type: 'song' }, '&descending=true&limit=1')), ['c']);
  const first = await changes(user, { type: 'gig' }, '&limit=1');
  assert.deepEqual([ids(first), first.pending], [['b'], 2]);
  const [row] = (await changes(user, { _id: 'c' }, '&include_docs=true')).results;
  assert.deepEqual([row.doc._id, row.doc.bpm], ['c', 120]);
}));

test('deleted documents match as they are stored', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  const rev = await put(user, '/roady/a', { type: 'song' });
  const tombstone = { _rev: rev, _deleted: true, type: 'was a song' };
  assert.equal((await user.request('PUT', '/roady/a', { json: tombstone })).status, 200);
  await put(user, '/roady/b', { type: 'song' });
  assert.deepEqual(ids(await changes(user, { _deleted: true })), ['a']);
  assert.deepEqual(ids(await changes(user, { type: 'was a song' })), ['a']);
  assert.deepEqual(ids(await changes(user, { _deleted: { $exists: false } })), ['b']);
}));

test('with style=all_docs each leaf is matched, and the winner goes with the row', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  const ours = await put(user, '/roady/a', { x: 1 });
  await put(user, '/roady/a?new_edits=false', { _rev: '1-zz', x: 2 });
  const revs = ({ results }) => results.flatMap((row) => row.changes.map(({ rev }) => rev));
  assert.deepEqual(revs(await changes(user, { x: { $gt: 0 } }, '&style=all_docs')), ['1-zz', ours]);
  assert.deepEqual(revs(await changes(user, { x: 1 })), []);
  const other = await changes(user, { x: 1 }, '&style=all_docs&include_docs=true');
  assert.deepEqual(revs(other), [ours]);
  assert.deepEqual(other.results[0].doc, { _id: 'a', _rev: '1-zz', tenant: user.personalTenant, x: 2 });
  assert.deepEqual(revs(await changes(user, { _conflicts: [ours] }, '&conflicts=true')), ['1-zz']);
  assert.deepEqual(revs(await changes(user, { _conflicts: [ours] })), []);
}));

test('waiting feeds are woken by what matches, and by nothing else', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  const longpoll = await open(user, { type: 'song' }, '&feed=longpoll&heartbeat=10000');
  const continuous = await open(user, { type: 'song' }, '&feed=continuous&heartbeat=10000');
  const events = await open(user, { type: 'song' }, '&feed=eventsource&heartbeat=10000');
  await put(user, '/roady/gig', { type: 'gig' });
  await put(user, '/roady/song', { type: 'song' });
  assert.deepEqual(ids(await longpoll.answer()), ['song']);
  for (const feed of [continuous, events]) {
    await eventually('the row has come', () => feed.text.includes('"song"'));
    assert.ok(!feed.text.includes('"gig"'));
    feed.request.destroy();
  }
}));

test('a selector sees nothing of another tenant', { timeout }, withServer(async (server) => {
  const { alice, mallory } = await band(server);
  await put(alice, '/roady/secret', { type: 'song' });
  await put(mallory, '/roady/hers', { type: 'song' });
  assert.deepEqual(ids(await changes(mallory, { type: 'song' })), ['hers']);
  assert.deepEqual(ids(await changes(mallory, { tenant: alice.personalTenant })), []);
}));

test('a heartbeat comes while nothing matches, and a scan holds up nobody', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  const text = `${'a'.repeat(2000)}b`;
  const docs = Array.from({ length: 300 }, (_, i) => ({ _id: `song-${i}`, text }));
  assert.equal((await user.request('POST', '/roady/_bulk_docs', { json: { docs } })).status, 201);
  const feed = await open(user, { text: { $regex: '^(a+)+$' } }, '&feed=normal&heartbeat=100');
  let longest = 0;
  while (!feed.ended) {
    const began = performance.now();
    await user.request('GET', '/roady/song-0');
    longest = Math.max(longest, performance.now() - began);
  }
  const answer = await feed.answer();
  assert.deepEqual([answer.results, answer.pending], [[], 0]);
  assert.ok(feed.text.startsWith('\n') || feed.text.includes('\n\n'), 'no heartbeat came');
  assert.ok(longest < 5000, `a request took ${longest} ms`);
}));

test('wrong selectors are refused in CouchDB\'s words', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  const refused = async (method, json, query = '') => {
    const { status, body } = await user.request(method, `/roady/_changes?filter=_selector${query}`, { json });
    assert.deepEqual([status, body.error], [400, 'bad_request']);
    return body.reason;
  };
  assert.equal(await refused('GET'), 'Selector must be specified in POST payload');
  assert.equal(await refused('POST', {}), 'Selector error: expected a JSON object');
  assert.equal(await refused('POST', { selector: [] }), 'Selector error: expected a JSON object');
  assert.equal(await refused('POST', { selector: { a: { $in: 1 } } }), 'Bad argument for operator $in: 1');
  assert.equal(await refused('POST', { selector: { a: { $like: 1 } } }), 'Invalid operator: $like');
  assert.equal(await refused('POST', { selector: { a: { $regex: '(' } } }), 'Bad argument for operator $regex: <<40>>');
  const deep = '{"$not":'.repeat(500) + '{"a":1}' + '}'.repeat(500);
  const { status, body } = await user.request('POST', '/roady/_changes?filter=_selector', {
    body: `{"selector":${deep}}`,
    headers: { 'content-type': 'application/json' },
  });
  assert.equal(status, 200, JSON.stringify(body));
}));
