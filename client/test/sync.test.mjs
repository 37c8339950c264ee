// Databases in sync: live, over restarts, silent connections and full disks, with conflicts and attachments.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { User } from '../../tests/harness/users.mjs';
import { localDatabase, remoteDatabase, revisions } from '../../tests/harness/pouch.mjs';
import { eventually } from '../../tests/harness/wait.mjs';
import { band, Device, next, reaches, upToDate, withServer } from './device.mjs';

const timeout = 120_000;

test('a change reaches the others, at two requests for the one who sends and one for the one who gets it', { timeout }, withServer(async (server) => {
  const { alice, bob, mine, his } = await band(server);
  const changed = next(his, 'change');
  for (const device of [alice, bob]) device.requests.length = 0;
  const asked = ({ requests }) => requests.map((request) => /_\w+/.exec(request.split('/roady/')[1])[0]).filter((name) => name !== '_changes');
  await mine.local.put({ _id: 'song', title: 'So What' });
  assert.deepEqual(await changed, { id: 'song', deleted: false });
  await Promise.all([upToDate(mine), upToDate(his)]);
  assert.deepEqual(await revisions(mine.local), await revisions(his.local));
  assert.deepEqual([mine.status.pushed, mine.status.pending, his.status.pulled], [1, 0, 1]);
  assert.deepEqual([asked(alice), asked(bob)], [['_revs_diff', '_bulk_docs'], ['_bulk_get']]);
  assert.ok(alice.requests.length + bob.requests.length <= 6, 'and a turn of the feed for each, or two');

  const removed = next(mine, 'change');
  await his.local.remove(await his.local.get('song'));
  assert.deepEqual(await removed, { id: 'song', deleted: true });
}));

test('two tenants at once, on one device, do not mix', { timeout }, withServer(async (server) => {
  const device = new Device(server, 'alice');
  const mine = await device.open('roady', { tenant: 'tenant_alice_personal' });
  const { _id: team } = await device.manager.createTenant('Night Shift');
  const ours = device.manager.openDatabase('roady', { tenant: team });
  assert.throws(() => device.manager.openDatabase('roady', { tenant: team }), /open already/);
  for (let i = 0; i < 200; ++i) {
    await (i % 2 ? mine : ours).local.put({ _id: `doc-${i}`, of: i % 2 });
    if (i === 100) await device.manager.switchTenant(team);
  }
  await Promise.all([upToDate(mine), upToDate(ours)]);
  const user = new User(server, 'alice');
  for (const tenant of ['alice_personal', team]) {
    const { body } = await user.request('GET', `/__tenants/${tenant}/roady/_all_docs?include_docs=true`);
    const of = tenant === team ? 0 : 1;
    assert.ok(body.rows.length === 100 && body.rows.every(({ doc }) => doc.of === of), tenant);
  }
}));

test('a database that follows the active tenant takes nothing along', { timeout }, withServer(async (server) => {
  const device = new Device(server, 'alice');
  const database = await device.open();
  const { _id: team } = await device.manager.createTenant('Night Shift');
  const ours = device.manager.openDatabase('roady', { tenant: team });
  await assert.rejects(device.manager.switchTenant(team), /open already/);
  await ours.close();
  for (let i = 0; i < 6; ++i) {
    await database.local.put({ _id: `doc-${i}`, of: database.tenant });
    await upToDate(database);
    await device.manager.switchTenant(i % 2 ? device.personalTenant : team);
  }
  for (const tenant of ['alice_personal', team]) {
    const { body } = await server.asAdministrator('GET', `/__tenants/${tenant}/roady/_all_docs?include_docs=true`);
    assert.ok(body.rows.length === 3 && body.rows.every(({ doc }) => doc.of.endsWith(tenant)), JSON.stringify(body.rows));
  }
}));

test('a server that is killed and comes back: nothing is lost, and nobody has to do anything', { timeout }, withServer(async (server) => {
  const { mine, his } = await band(server);
  for (let round = 0; round < 3; ++round) {
    await server.kill();
    await Promise.all([reaches(mine, 'offline'), reaches(his, 'offline')]);
    await mine.local.put({ _id: `mine-${round}` });
    await his.local.put({ _id: `his-${round}` });
    await server.start();
    await eventually('both have both', async () => Object.keys(await revisions(mine.local)).length === 2 * round + 2
      && Object.keys(await revisions(his.local)).length === 2 * round + 2, { seconds: 60 });
  }
  await Promise.all([upToDate(mine), upToDate(his)]);
  assert.deepEqual(await revisions(mine.local), await revisions(his.local));
}));

test('a connection that has died without a word is replaced', { timeout }, withServer(async (server) => {
  const device = new Device(server, 'alice', { heartbeatMs: 400 });
  const send = device.send;
  let deaf = true;
  let feeds = 0;
  device.send = async (url, options) => {
    if (!url.includes('feed=longpoll')) return send(url, options);
    feeds += 1;
    if (!deaf) return send(url, options);
    return new Promise((_, reject) => options.signal.addEventListener('abort', () => reject(new Error('aborted'))));
  };
  const database = await device.open();
  await eventually('a feed is open', () => feeds === 1);
  deaf = false;
  const remote = remoteDatabase(new User(server, 'alice'), '/roady');
  await remote.put({ _id: 'song' });
  await eventually('the change arrives', () => database.local.get('song'), { seconds: 10 });
  assert.ok(feeds >= 2);
}));

test('a full disk is an error that heals', { timeout }, withServer(async (server) => {
  const device = new Device(server, 'alice');
  const database = await device.open();
  const { local } = database;
  const bulkDocs = local.bulkDocs;
  let full = true;
  local.bulkDocs = function (docs, options, ...rest) {
    if (full && options?.new_edits === false) return Promise.reject(Object.assign(new Error('no space'), { name: 'QuotaExceededError' }));
    return bulkDocs.call(this, docs, options, ...rest);
  };
  await remoteDatabase(new User(server, 'alice'), '/roady').bulkDocs([{ _id: 'a' }, { _id: 'b' }]);
  await reaches(database, 'error');
  assert.equal(database.status.error.code, 'quota_exceeded');
  full = false;
  await upToDate(database);
  assert.deepEqual(Object.keys(await revisions(local)), ['a', 'b']);
}));

test('pausing stops the sync, and resuming continues it', { timeout }, withServer(async (server) => {
  const { alice, mine, his } = await band(server);
  mine.pause();
  await reaches(mine, 'offline');
  const before = alice.requests.length;
  await mine.local.put({ _id: 'mine' });
  await his.local.put({ _id: 'his' });
  await upToDate(his);
  assert.deepEqual((await mine.unpushed()).map(({ _id }) => _id), ['mine']);
  assert.equal(alice.requests.length, before);
  mine.resume();
  await eventually('both have both', async () => (await mine.local.get('his')) && his.local.get('mine'));
  await upToDate(mine);
  assert.deepEqual(await mine.unpushed(), []);
}));

test('a first sync brings conflicts, deletions, attachments and what was written meanwhile', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  const remote = remoteDatabase(user, '/roady');
  await remote.bulkDocs(Array.from({ length: 3000 }, (_, i) => ({ _id: `doc-${String(i).padStart(5, '0')}`, i })));
  const content = randomBytes(100_000);
  await remote.put({ _id: 'with attachments', _attachments: {
    'a b.bin': { content_type: 'application/x-thing', data: content },
    'dir/t.txt': { content_type: 'text/plain', data: Buffer.from('text') },
  } });
  await remote.bulkDocs([
    { _id: 'torn', _rev: '2-aa', _revisions: { start: 2, ids: ['aa', 'cc'] }, side: 'a' },
    { _id: 'torn', _rev: '2-bb', _revisions: { start: 2, ids: ['bb', 'cc'] }, side: 'b' },
  ], { new_edits: false });
  await remote.remove(await remote.get('doc-00007'));

  const device = new Device(server, 'alice');
  await device.manager.initializeTenantContext();
  const database = device.manager.openDatabase('roady');
  const changes = new Set();
  database.on('change', ({ id }) => changes.add(id));
  const pending = [];
  database.on('status', (status) => pending.push(status.pending));
  await eventually('it has begun', () => database.status.pulled > 0, { every: 1 });
  await database.local.put({ _id: 'written meanwhile' });
  await upToDate(database);

  const { local } = database;
  await eventually('the local change is told of', () => changes.has('written meanwhile'));
  assert.ok(pending.some((count) => count > 1000), 'progress was shown');
  assert.deepEqual(await revisions(local), await revisions(remote));
  assert.ok(await remote.get('written meanwhile'));
  assert.deepEqual((await local.get('torn', { conflicts: true }))._conflicts, ['2-aa']);
  assert.ok(content.equals(await local.getAttachment('with attachments', 'a b.bin')));
  assert.equal(String(await local.getAttachment('with attachments', 'dir/t.txt')), 'text');
  assert.equal(changes.size, 3003);
  assert.deepEqual(await database.unpushed(), []);
  const compared = device.requests.filter((request) => request.includes('_revs_diff'));
  assert.ok(compared.length < 8, 'what came from the server is not offered to it, but from the local change on');
}));

test('attachments go up and come down, and only those that have changed', { timeout }, withServer(async (server) => {
  const { bob, mine, his } = await band(server);
  const content = randomBytes(50_000);
  const { rev } = await mine.local.put({ _id: 'rider', _attachments: { 'plan.bin': { content_type: 'x/y', data: content } } });
  await eventually('it arrives', () => his.local.get('rider'));
  assert.ok(content.equals(await his.local.getAttachment('rider', 'plan.bin')));
  bob.requests.length = 0;
  const next = await mine.local.putAttachment('rider', 'more.txt', rev, Buffer.from('more'), 'text/plain');
  await eventually('the other arrives', async () => (await his.local.get('rider'))._rev === next.rev);
  assert.equal(String(await his.local.getAttachment('rider', 'more.txt')), 'more');
  assert.ok(content.equals(await his.local.getAttachment('rider', 'plan.bin')));
  assert.deepEqual(bob.requests.filter((request) => request.includes('/rider/')).length, 1);
}));

test('a first sync asks less than a tenth of what PouchDB asks', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  await remoteDatabase(user, '/roady').bulkDocs(Array.from({ length: 5000 }, (_, i) => ({ _id: `doc-${i}` })));
  let asked = 0;
  const counting = { server, token: () => ((asked += 1), user.token()) };
  await localDatabase().replicate.from(remoteDatabase(counting, '/roady'));

  const device = new Device(server, 'alice');
  await device.manager.initializeTenantContext();
  device.requests.length = 0;
  const database = device.manager.openDatabase('roady');
  await upToDate(database);
  assert.equal((await database.local.info()).doc_count, 5000);
  assert.ok(asked / device.requests.length > 10, `${asked} and ${device.requests.length}`);
}));
