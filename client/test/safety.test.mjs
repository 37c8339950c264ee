// What must never take data from a device, or mix two users': tokens of others, servers that forget, ends in the middle.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../../tests/harness/wait.mjs';
import { band, Device, next, reaches, upToDate, withServer } from './device.mjs';

const timeout = 180_000;

/** Answers with `answers[METHOD path]` where there is one, as something between the device and the server would. */
function between(device, answers) {
  const { send } = device;
  device.send = async (url, options) => {
    const answer = answers[`${options.method} ${url.slice(device.server.url.length)}`];
    return answer ? answer() : send(url, options);
  };
}

test('a token of another user is refused, and takes nothing from the one who is here', { timeout }, withServer(async (server) => {
  const device = new Device(server, 'alice');
  const database = await device.open();
  await database.local.put({ _id: 'alice’s' });
  await upToDate(database);
  const lost = [];
  device.manager.on('membershiplost', (event) => lost.push(event));

  // The app has signed in somebody else, and not told the library.
  const getToken = device.getToken.bind(device);
  const mallory = new Device(server, 'mallory');
  device.getToken = (options) => mallory.getToken(options);
  const { send } = device;
  let refused = false;
  device.send = async (url, options) => {
    if (refused) return send(url, options);
    refused = true;
    return Response.json({ error: 'unauthorized', reason: 'token expired' }, { status: 401 });
  };
  await database.local.put({ _id: 'alice’s too' });
  await reaches(database, 'error');
  assert.equal(database.status.error.code, 'other_user');
  assert.deepEqual([lost, (await database.local.info()).doc_count], [[], 2]);
  assert.equal((await server.asAdministrator('GET', '/__users/mallory')).status, 404, 'nothing was asked in that name');

  device.getToken = getToken;
  await upToDate(database, 60);
  // Signed out, another user may come.
  await device.manager.signOut();
  device.getToken = (options) => mallory.getToken(options);
  assert.equal((await device.manager.initializeTenantContext()).user.sub, 'mallory');
}));

test('a server that has forgotten the tenant takes nothing from the device', { timeout }, withServer(async (server) => {
  const { bob, mine, his, tenant } = await band(server);
  await mine.local.put({ _id: 'shared' });
  await eventually('it arrives', () => his.local.get('shared'));
  await upToDate(his);
  const lost = [];
  bob.manager.on('membershiplost', (event) => lost.push(event));
  const missing = () => Response.json({ error: 'not_found', reason: 'missing' }, { status: 404 });
  const answers = {
    'GET /__tenants': () => Response.json([]),
    [`GET /__tenants/${tenant}`]: missing,
    [`GET /__tenants/${tenant}/roady/`]: missing,
  };
  between(bob, answers);
  bob.offline = true;
  bob.offline = false;
  await reaches(his, 'error');
  assert.deepEqual(await bob.manager.getMyTenants(), []);
  assert.ok(await his.local.get('shared'));
  assert.deepEqual(lost, []);
  for (const name of Object.keys(answers)) delete answers[name];
  await upToDate(his, 60);
}));

test('a list of tenants that is older than an invitation takes nothing away', { timeout }, withServer(async (server) => {
  const { bob, his } = await band(server);
  await upToDate(his);
  const lost = [];
  bob.manager.on('membershiplost', (event) => lost.push(event));
  between(bob, { 'GET /__tenants': () => Response.json([]) });
  assert.deepEqual(await bob.manager.getMyTenants(), []);
  assert.deepEqual([lost, his.status.state], [[], 'uptodate']);
}));

test('answers that are not mycouch’s are as good as none', { timeout }, withServer(async (server) => {
  const device = new Device(server, 'alice');
  const database = await device.open();
  await database.local.put({ _id: 'song' });
  await upToDate(database);
  await device.restart();
  const { send } = device;
  for (const answer of [
    () => new Response('<h1>Welcome</h1>', { headers: { 'content-type': 'text/html' } }),
    () => new Response('<h1>Bad Gateway</h1>', { status: 502 }),
    () => new Response('', { status: 200 }),
    () => Response.json({}),
    () => Response.json(null),
    () => Response.json({ error: 'service_unavailable', reason: 'busy' }, { status: 503 }),
  ]) {
    device.send = async () => answer();
    const { activeTenantId, tenants } = await device.manager.initializeTenantContext();
    assert.deepEqual([activeTenantId, tenants.length], [device.personalTenant, 1]);
    const again = device.manager.openDatabase('roady');
    await eventually('it is noticed', () => ['offline', 'error'].includes(again.status.state) && again.status.error);
    assert.equal((await again.local.get('song'))._id, 'song');
    await device.manager.close();
  }
  device.send = send;
  await device.manager.initializeTenantContext();
  await upToDate(device.manager.openDatabase('roady'));
}));

test('signing out while all is on its way: it ends, and nobody is signed in afterwards', { timeout }, withServer(async (server) => {
  for (let afterRequests = 0; afterRequests < 8; ++afterRequests) {
    const device = new Device(server, `alice-${afterRequests}`);
    const { manager } = device;
    const { send } = device;
    let left = afterRequests;
    const there = new Promise((resolve) => {
      device.send = async (url, options) => {
        if (left-- === 0) resolve();
        return send(url, options);
      };
    });
    // What the app itself writes to a PouchDB that is gone may never be answered.
    manager.initializeTenantContext().then(() => {
      const database = manager.openDatabase('roady');
      for (let i = 0; i < 20; ++i) database.local.put({ _id: `doc-${i}` }).catch(() => {});
    }).catch((error) => assert.equal(error.code, 'stopped'));
    await there;
    await manager.signOut({ removeLocalData: true });
    assert.equal(manager.getActiveTenant(), null);
    await assert.rejects(manager.keptChanges(), { code: 'signed_out' });
    const requests = device.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(device.requests.length, requests, 'nothing is asked any more');
    assert.equal((await new device.PouchDB(`mycouch-${encodeURIComponent(device.id).replace(/-/g, '%2D')}-${device.personalTenant.replace(/-/g, '%2D')}-roady`).info()).doc_count, 0);
    device.offline = true;
    await assert.rejects(manager.initializeTenantContext(), { status: 0 }, 'who it was is forgotten');
  }
}));

test('switching and closing while the sync runs leaves nothing open, and each document where it was written', { timeout }, withServer(async (server) => {
  const device = new Device(server, 'alice');
  const database = await device.open();
  const { _id: team } = await device.manager.createTenant('Night Shift');
  let count = 0;
  for (let i = 0; i < 10; ++i) {
    const { local, tenant } = database;
    await local.bulkDocs(Array.from({ length: 30 }, () => ({ _id: `doc-${(count += 1)}`, of: tenant })));
    await device.manager.switchTenant(tenant === team ? device.personalTenant : team);
  }
  await upToDate(database);
  await device.manager.switchTenant(database.tenant === team ? device.personalTenant : team);
  await upToDate(database);
  for (const tenant of ['alice_personal', team]) {
    const { body } = await server.asAdministrator('GET', `/__tenants/${tenant}/roady/_all_docs?include_docs=true`);
    assert.ok(body.rows.length === 150 && body.rows.every(({ doc }) => doc.of.endsWith(tenant)), `${tenant}: ${body.rows.length}`);
  }
  const switched = device.manager.switchTenant(database.tenant === team ? device.personalTenant : team);
  await Promise.all([database.close(), switched]);
  const requests = device.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(device.requests.length, requests);
  assert.throws(() => database.resume(), /closed/);
}));

test('what cannot be kept on a full disk is not removed either', { timeout }, withServer(async (server) => {
  const { alice, bob, his, tenant } = await band(server);
  bob.offline = true;
  await his.local.put({ _id: 'written offline' });
  await his.close();
  await alice.manager.removeMember(tenant, 'user_bob');
  let full = true;
  const { PouchDB } = bob;
  bob.PouchDB = function (...args) {
    const database = new PouchDB(...args);
    const { put } = database;
    database.put = (doc) =>
      full && doc.context?.kept ? Promise.reject(Object.assign(new Error('no space'), { name: 'QuotaExceededError' })) : put.call(database, doc);
    return database;
  };
  bob.offline = false;
  const manager = await bob.restart();
  await manager.initializeTenantContext();
  const onDevice = async () => (await new PouchDB('mycouch-user_bob-tenant_alice_personal-roady').info()).doc_count;
  assert.equal(await onDevice(), 1);
  full = false;
  const lost = next(manager, 'membershiplost');
  await manager.getMyTenants();
  assert.deepEqual((await lost).kept[0].docs.map(({ _id }) => _id), ['written offline']);
  assert.equal(await onDevice(), 0);
}));
