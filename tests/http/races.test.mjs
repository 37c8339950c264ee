// Many who change the same users and tenants at once: whatever the order, they agree with each other afterwards.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { withServer } from '../harness/server.mjs';
import { accept, createTenant, invite, User } from '../harness/users.mjs';

const timeout = 120_000;
const many = 200;

const repeat = (count, make) => Promise.all(Array.from({ length: count }, (_, i) => make(i)));

/** How often each status was answered. */
function tally(answers) {
  const counts = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

async function consistent(server) {
  assert.equal(await server.stop(), 0);
  const { status, output } = await server.checkStore();
  assert.equal(status, 0, output);
  await server.start();
}

async function people(server, ...subs) {
  return Promise.all(subs.map((sub) => new User(server, sub).signIn()));
}

test('200 bootstraps of one user leave one user with one personal tenant', { timeout }, withServer(async (server) => {
  const user = new User(server, 'crowd');
  await user.token();
  const answers = await repeat(many, () => user.request('POST', '/__bootstrap', { json: {} }));
  assert.deepEqual(tally(answers), { 200: many });
  assert.equal(answers.filter(({ body }) => body.bootstrapped).length, 1);
  assert.equal((await user.request('GET', '/__tenants')).body.length, 1);
  await consistent(server);
}));

test('200 accepts of one invitation make one member', { timeout }, withServer(async (server) => {
  const [alice, ...fans] = await people(server, 'alice', ...Array.from({ length: 20 }, (_, i) => `fan${i}`));
  const band = await createTenant(alice, 'Band');
  const { body } = await alice.request('POST', `/__tenants/${band}/invitations`, { json: { role: 'member' } });
  const answers = await repeat(many, (i) => accept(fans[i % fans.length], body.token));
  const counts = tally(answers);
  assert.deepEqual(Object.keys(counts).sort(), ['200', '404']);
  assert.equal(new Set(answers.filter(({ status }) => status === 200).map(({ body: { _rev } }) => _rev)).size, 1);
  assert.equal((await alice.request('GET', `/__tenants/${band}/members`)).body.length, 2);
  await consistent(server);
}));

test('one user who joins, creates and leaves many tenants at once loses none', { timeout }, withServer(async (server) => {
  const [alice, bob] = await people(server, 'alice', 'bob');
  const bands = await repeat(20, (i) => createTenant(alice, `Band ${i}`));
  const tokens = await Promise.all(bands.map(async (band) => {
    const { body } = await alice.request('POST', `/__tenants/${band}/invitations`, { json: { role: 'member' } });
    return body.token;
  }));
  const joined = await Promise.all([
    ...tokens.map((token) => accept(bob, token)),
    ...Array.from({ length: 20 }, (_, i) => bob.request('POST', '/__tenants', { json: { name: `Own ${i}` } })),
  ]);
  assert.deepEqual(tally(joined), { 200: 20, 201: 20 });
  assert.equal((await bob.request('GET', '/__users/_me')).body.tenantIds.length, 41);
  const left = await Promise.all(bands.map((band) => bob.request('DELETE', `/__tenants/${band}/members/_me`)));
  assert.deepEqual(tally(left), { 200: 20 });
  assert.equal((await bob.request('GET', '/__users/_me')).body.tenantIds.length, 21);
  await consistent(server);
}));

test('role changes, transfers, removals and renames at once leave one owner who is a member', { timeout }, withServer(async (server) => {
  const [alice, bob, carol, dave] = await people(server, 'alice', 'bob', 'carol', 'dave');
  const band = await createTenant(alice, 'Band');
  for (const each of [bob, carol, dave]) await invite(alice, each, band, 'admin');
  const everyone = [alice, bob, carol, dave];
  const deeds = [
    (who, whom) => who.request('PUT', `/__tenants/${band}/members/${whom.sub}`, { json: { role: 'member' } }),
    (who, whom) => who.request('PUT', `/__tenants/${band}/members/${whom.sub}`, { json: { role: 'admin' } }),
    (who, whom) => who.request('POST', `/__tenants/${band}/transfer`, { json: { userId: whom.id } }),
    (who) => who.request('PUT', `/__tenants/${band}`, { json: { name: `${who.sub}'s` } }),
    (who) => who.request('PUT', `/__tenants/${band}/roady/song`, { json: { by: who.sub } }),
    (who, whom) => who.request('DELETE', `/__tenants/${band}/members/${whom.sub}`),
  ];
  const answers = await repeat(many, (i) => deeds[i % deeds.length](everyone[i % 4], everyone[(i * 7 + 1) % 4]));
  const allowed = new Set([200, 201, 400, 403, 404, 409]);
  assert.deepEqual(answers.filter(({ status }) => !allowed.has(status)).map(({ status, body }) => [status, body]), []);
  const { body } = await server.asAdministrator('GET', `/__tenants/${band}`);
  const owners = Object.entries(body.members).filter(([, { role }]) => role === 'owner').map(([id]) => id);
  assert.deepEqual(owners, [body.userId]);
  assert.deepEqual([...body.userIds].sort(), Object.keys(body.members).sort());
  await consistent(server);
}));

test('once a removal is answered, nothing more is written or read by the one removed', { timeout }, withServer(async (server) => {
  const [alice, bob] = await people(server, 'alice', 'bob');
  const band = await createTenant(alice, 'Band');
  for (let round = 0; round < 5; ++round) {
    await invite(alice, bob, band);
    const authorization = `Bearer ${await bob.token()}`;
    const feed = fetch(`${server.url}/__tenants/${band}/roady/_changes?feed=continuous&heartbeat=500&since=now`, { headers: { authorization } });
    assert.equal((await feed).status, 200);
    let removed = false;
    const late = [];
    const writers = repeat(8, async (writer) => {
      for (let i = 0; ; ++i) {
        const afterwards = removed;
        const { status } = await bob.request('PUT', `/__tenants/${band}/roady/${round}-${writer}-${i}`, { json: {} });
        if (afterwards && status !== 403) late.push(status);
        if (status === 403) return;
      }
    });
    const { status } = await alice.request('DELETE', `/__tenants/${band}/members/bob`);
    removed = true;
    assert.equal(status, 200);
    await writers;
    assert.deepEqual(late, []);
    assert.match(await (await feed).text(), /"last_seq"/);
  }
  await consistent(server);
}));

test('a tenant that is deleted and restored by many keeps its members', { timeout }, withServer(async (server) => {
  const [alice, bob] = await people(server, 'alice', 'bob');
  const band = await createTenant(alice, 'Band');
  await invite(alice, bob, band);
  const answers = await repeat(many, (i) => (i % 2 === 0 ? alice.request('DELETE', `/__tenants/${band}`) : alice.request('POST', `/__tenants/${band}/restore`)));
  assert.ok(answers.every(({ status }) => [200, 400, 404].includes(status)), JSON.stringify(tally(answers)));
  await alice.request('POST', `/__tenants/${band}/restore`);
  assert.deepEqual((await bob.request('GET', `/__tenants/${band}`)).body.userIds, [alice.id, bob.id]);
  await consistent(server);
}));
