// Signing in: for the first time, again, without a network, and out.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { extractActiveTenantIdFromJWT, extractUserIdFromJWT } from '../dist/index.js';
import { eventually } from '../../tests/harness/wait.mjs';
import { Device, next, reaches, upToDate, withServer } from './device.mjs';

const timeout = 60_000;

test('the first sign-in makes the user and a personal tenant, and asks for one new token', { timeout }, withServer(async (server) => {
  const device = new Device(server, 'alice');
  const first = await device.getToken();
  assert.equal(extractUserIdFromJWT(first), 'user_alice');
  assert.equal(extractActiveTenantIdFromJWT(first), null);

  const { user, tenants, activeTenantId } = await device.manager.initializeTenantContext();
  assert.equal(user._id, 'user_alice');
  assert.deepEqual(tenants.map(({ _id }) => _id), ['tenant_alice_personal']);
  assert.equal(activeTenantId, 'tenant_alice_personal');
  assert.equal(device.manager.getActiveTenant(), 'tenant_alice_personal');
  assert.equal(device.calls.refresh, 1);
  assert.equal(extractActiveTenantIdFromJWT(await device.getToken()), 'tenant_alice_personal');

  await (await device.restart()).initializeTenantContext();
  assert.equal(device.calls.refresh, 1, 'the token names the tenant already');
}));

test('a device that was signed in before starts without a network, and catches up', { timeout }, withServer(async (server) => {
  const device = new Device(server, 'alice');
  const before = await device.open();
  await before.local.put({ _id: 'song' });
  await upToDate(before);
  await before.close();

  device.offline = true;
  const { user, activeTenantId } = await (await device.restart()).initializeTenantContext();
  assert.deepEqual([user._id, activeTenantId], ['user_alice', 'tenant_alice_personal']);
  const database = device.manager.openDatabase('roady');
  await reaches(database, 'offline');
  assert.equal((await database.local.get('song'))._id, 'song');
  await database.local.put({ _id: 'written offline' });
  await eventually('it counts', () => database.status.pending === 1);

  device.offline = false;
  await upToDate(database);
  assert.equal((await device.server.asAdministrator('GET', '/__tenants/alice_personal/roady/written%20offline')).status, 200);
}));

test('a device that knows nobody needs the network', { timeout }, withServer(async (server) => {
  const device = new Device(server, 'alice');
  device.offline = true;
  await assert.rejects(device.manager.initializeTenantContext(), { name: 'MycouchError', status: 0 });
  assert.throws(() => device.manager.openDatabase('roady'), { code: 'signed_out' });
}));

test('signing out ends all, and removes the local data on request only', { timeout }, withServer(async (server) => {
  const device = new Device(server, 'alice');
  const database = await device.open();
  await database.local.put({ _id: 'song' });
  await upToDate(database);
  const signedOut = next(device.manager, 'signedout');
  await device.manager.signOut();
  assert.deepEqual(await signedOut, { localDataRemoved: false });
  const requests = device.requests.length;
  assert.equal((await new device.PouchDB('mycouch-user_alice-tenant_alice_personal-roady').info()).doc_count, 1);
  assert.throws(() => device.manager.openDatabase('roady'), { code: 'signed_out' });

  const again = await device.restart();
  await again.initializeTenantContext();
  await again.signOut({ removeLocalData: true });
  assert.equal((await new device.PouchDB('mycouch-user_alice-tenant_alice_personal-roady').info()).doc_count, 0);
  device.offline = true;
  await assert.rejects((await device.restart()).initializeTenantContext(), { status: 0 }, 'who it was is forgotten');
  assert.ok(device.requests.length > requests);
}));

test('the active tenant is changed offline, and the server is told later', { timeout }, withServer(async (server) => {
  const device = new Device(server, 'alice');
  await device.manager.initializeTenantContext();
  const { _id: team } = await device.manager.createTenant('Night Shift');
  const database = device.manager.openDatabase('roady');
  await upToDate(database);
  await database.local.put({ _id: 'mine' });
  await upToDate(database);

  device.offline = true;
  const followed = next(database, 'tenant');
  await device.manager.switchTenant(team);
  assert.equal(await followed, team);
  assert.deepEqual([database.tenant, device.manager.getActiveTenant()], [team, team]);
  assert.equal((await database.local.info()).doc_count, 0);
  await database.local.put({ _id: 'ours' });

  device.offline = false;
  await upToDate(database);
  await eventually('the server knows', async () => {
    const { body } = await server.asAdministrator('GET', '/__users/alice');
    return body.active_tenant_id === team;
  });
  await eventually('the token names it', async () => extractActiveTenantIdFromJWT(await device.getToken()) === team);
  await assert.rejects(device.manager.setActiveTenant('tenant_of_others'), { status: 403 });
  const held = async (tenant) => (await server.asAdministrator('GET', `/__tenants/${tenant}/roady/_all_docs`)).body.rows.map(({ id }) => id);
  assert.deepEqual([await held('alice_personal'), await held(team)], [['mine'], ['ours']]);
}));
