// Waiting feeds: what wakes them, what ends them, and what does not reach them.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Exchange } from '../harness/exchange.mjs';
import { withServer } from '../harness/server.mjs';
import { addMember, band, removeMember, User } from '../harness/users.mjs';
import { eventually } from '../harness/wait.mjs';

const timeout = 60_000;

async function position(user, database = '/roady/') {
  return (await user.request('GET', database)).body.update_seq;
}

/** A longpoll that waits: its head has come, and no row. */
async function waiting(user, { database = '/roady', since, query = '&heartbeat=10000' }) {
  const feed = Exchange.get(user.server, `${database}/_changes?feed=longpoll&style=all_docs&since=${since}${query}`, await user.token());
  await feed.begun();
  return feed;
}

async function put(user, target, json = {}) {
  const { status, body } = await user.request('PUT', target, { json });
  assert.equal(status, 201, JSON.stringify(body));
  return body.rev;
}

test('a longpoll returns at once when there is a change already', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  const rev = await put(user, '/roady/a');
  const feed = await (await waiting(user, { since: 0 })).answer(5);
  assert.deepEqual(feed.results.map(({ id, changes }) => [id, changes]), [['a', [{ rev }]]]);
  assert.equal(feed.last_seq, feed.results[0].seq);
  assert.equal(feed.last_seq, await position(user));
}));

test('a write wakes everyone who waits in its tenant, and nobody else', { timeout }, withServer(async (server) => {
  const { alice, bob, mallory, tenant } = await band(server);
  const database = `/__tenants/${tenant}/roady`;
  const members = await Promise.all([
    ...Array.from({ length: 20 }, async () => waiting(alice, { since: await position(alice) })),
    ...Array.from({ length: 20 }, async () => waiting(bob, { database, since: await position(bob, database) })),
  ]);
  const stranger = await waiting(mallory, { since: await position(mallory) });

  const rev = await put(alice, '/roady/song', { secret: 1 });
  for (const answer of await Promise.all(members.map((feed) => feed.answer(5)))) {
    assert.deepEqual(answer.results.map(({ id, changes }) => [id, changes]), [['song', [{ rev }]]]);
    assert.equal(answer.pending, 0);
  }
  await put(mallory, '/roady/hers');
  const hers = await stranger.answer(5);
  assert.deepEqual(hers.results.map(({ id }) => id), ['hers']);
}));

test('heartbeats come while a feed waits, and a timeout ends it with where it stands', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  await put(user, '/roady/a');
  const since = await position(user);
  const beating = await waiting(user, { since, query: '&heartbeat=50' });
  await eventually('three heartbeats', () => (beating.text.match(/\n/g) ?? []).length >= 4);
  await put(user, '/roady/b');
  assert.deepEqual((await beating.answer(5)).results.map(({ id }) => id), ['b']);

  const at = await position(user);
  const ended = await (await waiting(user, { since: at, query: '&timeout=100' })).answer(5);
  assert.deepEqual(ended, { results: [], last_seq: at, pending: 0 });
}));

test('since=now waits for what comes next', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  await put(user, '/roady/a');
  const feed = await waiting(user, { since: 'now' });
  await put(user, '/roady/b');
  assert.deepEqual((await feed.answer(5)).results.map(({ id }) => id), ['b']);
}));

test('a feed ends with its last_seq before the token that opened it expires', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice', { expiresIn: 4 }).signIn();
  await put(user, '/roady/a');
  const since = await position(user);
  const token = await user.freshToken();
  const expires = JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).exp * 1000;
  const feed = await waiting(user, { since });
  assert.deepEqual(await feed.answer(10), { results: [], last_seq: since, pending: 0 });
  assert.equal(feed.status, 200);
  assert.ok(Date.now() <= expires, 'before, not after');
}, { args: ['--auth-leeway', '0s'] }));

test('a feed ends at once when its caller loses the membership', { timeout }, withServer(async (server) => {
  const { alice, bob, tenant } = await band(server);
  const database = `/__tenants/${tenant}/roady`;
  await put(alice, '/roady/a');
  const since = await position(bob, database);
  const feed = await waiting(bob, { database, since });
  await removeMember(server, tenant, bob);
  assert.deepEqual(await feed.answer(5), { results: [], last_seq: since, pending: 0 });
  assert.equal((await bob.request('GET', `${database}/a`)).status, 403);

  await addMember(server, tenant, bob);
  assert.equal((await bob.request('GET', `${database}/a`)).status, 200);
}));

test('a user who is soft-deleted is out at once, feeds and all', { timeout }, withServer(async (server) => {
  const alice = await new User(server, 'alice').signIn();
  await put(alice, '/roady/a');
  const since = await position(alice);
  const feed = await waiting(alice, { since });
  const { body: document } = await server.asAdministrator('GET', `/couch-sitter/${alice.id}`);
  await server.asAdministrator('PUT', `/couch-sitter/${alice.id}`, { json: { ...document, deleted: true } });
  assert.deepEqual(await feed.answer(5), { results: [], last_seq: since, pending: 0 });
  for (const path of ['/roady/a', `/__tenants/${alice.personalTenant}/roady/a`, `/__tenants/${alice.personalTenant}`, '/__users/_me']) {
    const { status, body } = await alice.request('GET', path);
    assert.equal(status, 403, path);
    assert.equal(body.reason, 'this user was deleted');
  }
}));
