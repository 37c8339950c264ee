// The virtual tables as real PouchDB clients replicate them: /__tenants and /__users, both ways.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { liveSync, localDatabase, remoteDatabase, revisions } from '../harness/pouch.mjs';
import { withServer } from '../harness/server.mjs';
import { accept, createTenant, invite, User } from '../harness/users.mjs';
import { eventually } from '../harness/wait.mjs';

const timeout = 120_000;

/** One device of a user: a copy of a table that lives as long as the test. */
function device(user, table = '/__tenants') {
  const local = localDatabase();
  const remote = remoteDatabase(user, table);
  return {
    user,
    local,
    remote,
    sync: () => local.sync(remote),
    live: () => liveSync(local, remote),
    change: async (id, fields) => local.put({ ...(await local.get(id)), ...fields }),
  };
}

/** What a sync has been refused: the ids of its `denied` events. */
function deniedOf(sync) {
  const denied = [];
  sync.on('denied', ({ doc, direction }) => denied.push({ id: doc.id, name: doc.name ?? doc.error, direction }));
  return denied;
}

async function people(server, ...subs) {
  return Promise.all(subs.map((sub) => new User(server, sub).signIn()));
}

const stores = [
  ['rocksdb', []],
  ['memory', ['--store-url', 'memory:']],
];

for (const [kind, args] of stores) {
  const on = (body) => withServer(body, { args });

  test(`${kind}: each user's copy of the tables holds that user's documents and no others`, { timeout }, on(async (server) => {
    const [alice, bob] = await people(server, 'alice', 'bob');
    const band = await createTenant(alice, 'Band');
    const tenants = device(alice);
    await tenants.sync();
    assert.deepEqual(Object.keys(await revisions(tenants.local)).sort(), [alice.personalTenant, band].sort());
    const users = device(alice, '/__users');
    await users.sync();
    assert.deepEqual(Object.keys(await revisions(users.local)), [alice.id]);
    assert.equal((await users.local.get(alice.id)).tenantIds.length, 2);
    const others = device(bob);
    await others.sync();
    assert.deepEqual(Object.keys(await revisions(others.local)), [bob.personalTenant]);
    assert.equal((await others.remote.info()).doc_count, 1);
  }));

  test(`${kind}: a rename made offline arrives, with its revision`, { timeout }, on(async (server) => {
    const [alice] = await people(server, 'alice');
    const band = await createTenant(alice, 'Band');
    const phone = device(alice);
    await phone.sync();
    const { rev } = await phone.change(band, { name: 'Trio' });
    await phone.sync();
    const { body } = await alice.request('GET', `/__tenants/${band}`);
    assert.deepEqual([body.name, body._rev], ['Trio', rev]);

    const profile = device(alice, '/__users');
    await profile.sync();
    await profile.change(alice.id, { name: 'Alice B.' });
    await profile.sync();
    assert.equal((await alice.request('GET', '/__users/_me')).body.name, 'Alice B.');
  }));

  test(`${kind}: a forbidden edit is denied, and the rest goes on syncing`, { timeout }, on(async (server) => {
    const [alice, bob] = await people(server, 'alice', 'bob');
    const band = await createTenant(alice, 'Band');
    await invite(alice, bob, band);
    const phone = device(bob);
    await phone.sync();
    await phone.change(band, { name: 'Bob and friends' });
    await phone.change(bob.personalTenant, { name: 'Mine' });
    await phone.local.put({ _id: 'tenant_made_up', type: 'tenant', name: 'Made up', userId: bob.id });
    const sync = phone.live();
    const denied = deniedOf(sync);
    await eventually('two edits are denied', () => denied.length >= 2);
    assert.deepEqual(denied.map(({ id }) => id).sort(), [band, 'tenant_made_up'].sort());
    assert.ok(denied.every(({ name, direction }) => name === 'forbidden' && direction === 'push'));
    await eventually('the permitted edit has arrived', async () => (await bob.request('GET', `/__tenants/${bob.personalTenant}`)).body.name === 'Mine');
    await phone.change(bob.personalTenant, { name: 'Mine again' });
    await eventually('and the next one', async () => (await bob.request('GET', `/__tenants/${bob.personalTenant}`)).body.name === 'Mine again');
    await sync.end();
    assert.equal((await alice.request('GET', `/__tenants/${band}`)).body.name, 'Band');
    assert.equal((await bob.request('GET', '/__tenants')).body.length, 2);
  }));

  test(`${kind}: immutable fields are protected from replicated edits`, { timeout }, on(async (server) => {
    const [alice, bob] = await people(server, 'alice', 'bob');
    const band = await createTenant(alice, 'Band');
    const before = (await alice.request('GET', `/__tenants/${band}`)).body;
    const forgeries = [
      { userId: bob.id },
      { userIds: [alice.id, bob.id] },
      { members: { ...before.members, [bob.id]: { role: 'owner', joinedAt: before.createdAt } } },
      { applicationId: 'other' },
      { type: 'user' },
      { createdAt: '2020-01-01T00:00:00Z' },
      { deleted: true },
      { colour: 'red' },
    ];
    for (const forgery of forgeries) {
      const phone = device(alice);
      await phone.sync();
      await phone.change(band, forgery);
      const sync = phone.live();
      const denied = deniedOf(sync);
      await eventually(`${JSON.stringify(forgery)} is denied`, () => denied.length > 0);
      await sync.end();
    }
    assert.deepEqual((await alice.request('GET', `/__tenants/${band}`)).body, before);

    const profile = device(alice, '/__users');
    await profile.sync();
    await profile.change(alice.id, { tenantIds: [bob.personalTenant], active_tenant_id: bob.personalTenant });
    const sync = profile.live();
    const denied = deniedOf(sync);
    await eventually('a stranger\'s tenant is denied', () => denied.length > 0);
    await sync.end();
    assert.equal((await alice.request('GET', '/__users/_me')).body.active_tenant_id, alice.personalTenant);
  }));

  test(`${kind}: two devices' offline edits are merged field by field, and both converge`, { timeout }, on(async (server) => {
    const [alice] = await people(server, 'alice');
    const band = await createTenant(alice, 'Band', { colour: 'red' });
    const devices = [device(alice), device(alice)];
    for (const each of devices) await each.sync();
    const [phone, laptop] = devices;
    await phone.change(band, { name: 'Trio' });
    const { metadata } = await laptop.local.get(band);
    await laptop.change(band, { metadata: { ...metadata, size: 3 } });
    await laptop.change(band, { metadata: { ...metadata, size: 4 } });

    const syncs = devices.map((each) => each.live());
    await eventually('both devices hold the merged document', async () => {
      const [a, b] = await Promise.all(devices.map(({ local }) => local.get(band, { conflicts: true, revs: true })));
      assert.deepEqual(b, a);
      assert.equal(a.name, 'Trio');
      assert.deepEqual(a.metadata, { colour: 'red', size: 4 });
      assert.equal(a._conflicts, undefined);
      return true;
    });
    await Promise.all(syncs.map((sync) => sync.end()));
    const { body } = await alice.request('GET', `/__tenants/${band}?conflicts=true`);
    assert.equal(body._conflicts, undefined);
    assert.equal(body._rev, (await phone.local.get(band))._rev);
  }));

  test(`${kind}: of one field changed on both, the later to arrive wins`, { timeout }, on(async (server) => {
    const [alice] = await people(server, 'alice');
    const band = await createTenant(alice, 'Band');
    const [phone, laptop] = [device(alice), device(alice)];
    await phone.sync();
    await laptop.sync();
    await phone.change(band, { name: 'Phone' });
    await laptop.change(band, { name: 'Laptop' });
    await phone.sync();
    await laptop.sync();
    await laptop.sync();
    await phone.sync();
    const both = await Promise.all([phone, laptop].map(({ local }) => local.get(band, { conflicts: true })));
    assert.deepEqual(both[0], both[1]);
    assert.equal(both[0].name, 'Laptop');
    assert.equal(both[0]._conflicts, undefined);
  }));

  test(`${kind}: leaving removes the tenant from the one who leaves, joining again brings it back`, { timeout }, on(async (server) => {
    const [alice, bob] = await people(server, 'alice', 'bob');
    const band = await createTenant(alice, 'Band');
    const [hers, his] = [device(alice), device(bob)];
    const syncs = [hers.live(), his.live()];
    const has = async (each) => band in (await revisions(each.local));
    await eventually('the owner has it', () => has(hers));
    assert.equal(await has(his), false);
    await invite(alice, bob, band);
    await eventually('the new member has it', () => has(his));
    assert.equal((await bob.request('DELETE', `/__tenants/${band}/members/_me`)).status, 200);
    await eventually('it is gone from his device', async () => !(await has(his)));
    assert.ok(await has(hers));
    await eventually('the owner sees him gone', async () => !((await hers.local.get(band)).userIds.includes(bob.id)));

    // A device that pushes from the start brings the tombstone back.
    const before = (await alice.request('GET', `/__tenants/${band}`)).body;
    const pushed = await his.local.replicate.to(his.remote, { checkpoint: false, since: 0 });
    assert.equal(pushed.doc_write_failures, 0);
    const tombstone = (await his.local.get(band, { open_revs: 'all', revs: true }))[0].ok;
    const forced = await bob.request('POST', '/__tenants/_bulk_docs', { json: { docs: [tombstone], new_edits: false } });
    assert.deepEqual([forced.status, forced.body], [201, []]);
    assert.deepEqual((await alice.request('GET', `/__tenants/${band}`)).body, before);

    await invite(alice, bob, band);
    await eventually('it is back', () => has(his));
    assert.equal((await his.local.get(band, { conflicts: true }))._conflicts, undefined);
    await Promise.all(syncs.map((sync) => sync.end()));
  }));

  test(`${kind}: a deleted tenant goes from every member's device, and comes back restored`, { timeout }, on(async (server) => {
    const [alice, bob] = await people(server, 'alice', 'bob');
    const band = await createTenant(alice, 'Band');
    await invite(alice, bob, band);
    await alice.request('PUT', `/__tenants/${band}/roady/song`, { json: { title: 'So What' } });
    const devices = [device(alice), device(bob)];
    const syncs = devices.map((each) => each.live());
    const held = async () => Promise.all(devices.map(async ({ local }) => band in (await revisions(local))));
    await eventually('both have it', async () => (await held()).every(Boolean));
    // As an app does it that works on its own copy.
    await devices[0].local.remove(await devices[0].local.get(band));
    await eventually('nobody has it', async () => !(await held()).some(Boolean));
    assert.equal((await bob.request('GET', `/__tenants/${band}`)).status, 404);
    assert.equal((await bob.request('GET', `/__tenants/${band}/roady/song`)).status, 404);
    assert.equal((await alice.request('POST', `/__tenants/${band}/restore`)).status, 200);
    await eventually('both have it again', async () => (await held()).every(Boolean));
    const song = await bob.request('GET', `/__tenants/${band}/roady/song`);
    assert.deepEqual([song.status, song.body.title], [200, 'So What']);
    await Promise.all(syncs.map((sync) => sync.end()));
  }));

  test(`${kind}: a device that comes new learns of past removals without a trace of what followed`, { timeout }, on(async (server) => {
    const [alice, bob] = await people(server, 'alice', 'bob');
    const band = await createTenant(alice, 'Band');
    await invite(alice, bob, band);
    await alice.request('DELETE', `/__tenants/${band}/members/bob`);
    const { body: seen } = await bob.request('GET', '/__tenants/_changes');
    await alice.request('PUT', `/__tenants/${band}`, { json: { name: 'Secret' } });
    assert.deepEqual((await bob.request('GET', '/__tenants/_changes')).body, seen);
    const fresh = device(bob);
    await fresh.sync();
    assert.deepEqual(Object.keys(await revisions(fresh.local)), [bob.personalTenant]);
    const { body: current } = await alice.request('GET', `/__tenants/${band}`);
    for (const query of [`?rev=${current._rev}`, '?open_revs=all', '?revs=true', `?open_revs=${JSON.stringify([current._rev])}`]) {
      const { body } = await bob.request('GET', `/__tenants/${band}${query}`);
      assert.ok(!JSON.stringify(body).includes('Secret') && !JSON.stringify(body).includes('Band'), query);
    }
  }));
}

test('the feeds of the tables come in all kinds, and end when the user is deleted', { timeout }, withServer(async (server) => {
  const [alice, bob] = await people(server, 'alice', 'bob');
  const authorization = `Bearer ${await alice.token()}`;
  const { body } = await alice.request('GET', '/__tenants/_changes');
  const poll = server.request('GET', `/__tenants/_changes?feed=longpoll&since=${body.last_seq}`, { authorization });
  const stream = fetch(`${server.url}/__tenants/_changes?feed=continuous&since=${body.last_seq}&heartbeat=1000`, { headers: { authorization } });
  const events = fetch(`${server.url}/__users/_changes?feed=eventsource&since=now&heartbeat=1000`, { headers: { authorization } });
  const open = await Promise.all([stream, events]);
  await createTenant(bob, 'Of no concern');
  const band = await createTenant(alice, 'Band');
  const answer = await poll;
  assert.deepEqual(answer.body.results.map(({ id }) => id), [band]);
  assert.equal((await server.asAdministrator('DELETE', '/__users/alice')).status, 200);
  const [continuous, eventsource] = await Promise.all(open.map((response) => response.text()));
  assert.ok(continuous.includes(band));
  assert.ok(!continuous.includes('tenant_bob'));
  assert.match(eventsource, /data:.*user_alice/);
  assert.equal((await alice.request('GET', '/__tenants')).status, 403);
}));

test('an invitation is accepted by one of many who try at once', { timeout }, withServer(async (server) => {
  const [alice] = await people(server, 'alice');
  const band = await createTenant(alice, 'Band');
  const crowd = await people(server, ...Array.from({ length: 20 }, (_, i) => `fan${i}`));
  const { body } = await alice.request('POST', `/__tenants/${band}/invitations`, { json: { role: 'member' } });
  const answers = await Promise.all(crowd.map((fan) => accept(fan, body.token)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.ok(answers.every(({ status }) => status === 200 || status === 404));
  assert.equal((await alice.request('GET', `/__tenants/${band}/members`)).body.length, 2);
}));
