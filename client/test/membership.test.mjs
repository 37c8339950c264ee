// A membership ends, or gives less than before: what the device does with the tenant's data.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../../tests/harness/wait.mjs';
import { band, next, reaches, upToDate, withServer } from './device.mjs';

const timeout = 120_000;
const localNameOfBobs = 'mycouch-user_bob-tenant_alice_personal-roady';

async function documentsOnDevice(device, name) {
  return (await new device.PouchDB(name).info()).doc_count;
}

test('removed while offline: what was not sent is kept, the rest goes, and an event says so', { timeout }, withServer(async (server) => {
  const { alice, bob, mine, his, tenant } = await band(server);
  await mine.local.put({ _id: 'shared' });
  await eventually('it arrives', () => his.local.get('shared'));
  await upToDate(his);
  bob.offline = true;
  await his.local.put({ _id: 'written offline', checked: true });
  await reaches(his, 'offline');
  await alice.manager.removeMember(tenant, 'user_bob');

  const lost = next(bob.manager, 'membershiplost');
  bob.offline = false;
  const { reason, tenantName, kept } = await lost;
  assert.deepEqual([reason, tenantName, kept.length], ['removed', "alice's Workspace", 1]);
  assert.deepEqual(kept[0].docs.map(({ _id, checked }) => [_id, checked]), [['written offline', true]]);
  assert.deepEqual([his.status.state, his.status.error.code], ['denied', 'membership_lost']);
  assert.equal(await documentsOnDevice(bob, localNameOfBobs), 0);
  const exported = JSON.parse(await (await his.exportUnpushed()).text());
  assert.deepEqual([exported.tenant, exported.database, exported.docs.length], [tenant, 'roady', 1]);
  await eventually('the tenant is gone from the list', async () => (await bob.manager.getMyTenants()).length === 1);
  assert.equal((await server.asAdministrator('GET', '/__tenants/alice_personal/roady/written%20offline')).status, 404);

  await bob.manager.discardKeptChanges({ tenant, name: 'roady' });
  assert.deepEqual(await bob.manager.keptChanges(), []);
}));

test('removed while the app was closed: the next start finds out', { timeout }, withServer(async (server) => {
  const { alice, bob, his, tenant } = await band(server);
  bob.offline = true;
  await his.local.put({ _id: 'written offline' });
  await his.close();
  await alice.manager.removeMember(tenant, 'user_bob');
  bob.offline = false;
  const manager = await bob.restart();
  const lost = next(manager, 'membershiplost');
  await manager.initializeTenantContext();
  assert.deepEqual((await lost).kept[0].docs.map(({ _id }) => _id), ['written offline']);
  assert.equal(await documentsOnDevice(bob, localNameOfBobs), 0);
  assert.equal((await manager.keptChanges()).length, 1);
}));

test('removed while the feed is open: at once', { timeout }, withServer(async (server) => {
  const { alice, bob, his, tenant } = await band(server);
  const lost = next(bob.manager, 'membershiplost');
  await alice.manager.removeMember(tenant, 'user_bob');
  assert.deepEqual((await lost).kept, []);
  assert.equal(his.status.state, 'denied');
  assert.throws(() => his.resume(), /closed/);
}));

test('leaving a tenant removes it from the device', { timeout }, withServer(async (server) => {
  const { bob, tenant } = await band(server);
  const lost = next(bob.manager, 'membershiplost');
  await bob.manager.leaveTenant(tenant);
  assert.deepEqual([(await lost).reason, (await bob.manager.getMyTenants()).length], ['left', 1]);
  assert.equal(await documentsOnDevice(bob, localNameOfBobs), 0);
}));

test('errors of something between the app and the server take nothing from the device', { timeout }, withServer(async (server) => {
  const { bob, mine, his } = await band(server);
  await mine.local.put({ _id: 'shared' });
  await eventually('it arrives', () => his.local.get('shared'));
  const send = bob.send;
  for (const answer of [
    () => new Response('<h1>Forbidden</h1>', { status: 403 }),
    () => new Response('<h1>Welcome to the hotel</h1>', { headers: { 'content-type': 'text/html' } }),
    () => Response.json({ error: 'not_found', reason: 'missing' }, { status: 404 }),
    () => Response.json({ error: 'service_unavailable', reason: 'busy' }, { status: 503, headers: { 'retry-after': '1' } }),
  ]) {
    bob.offline = true;
    bob.offline = false;
    bob.send = async () => answer();
    await eventually('it is noticed', () => ['offline', 'error'].includes(his.status.state));
    assert.ok(await his.local.get('shared'));
    bob.send = send;
    await upToDate(his, 60);
  }
}));

test('a viewer goes on reading, is shown as denied, and loses nothing by becoming a member', { timeout }, withServer(async (server) => {
  const { alice, bob, mine, his, tenant } = await band(server);
  await alice.manager.setRole(tenant, 'user_bob', 'viewer');
  await his.local.put({ _id: 'refused' });
  await reaches(his, 'denied');
  assert.deepEqual((await his.unpushed()).map(({ _id }) => _id), ['refused']);
  await mine.local.put({ _id: 'shared' });
  await eventually('it arrives', () => his.local.get('shared'));

  await alice.manager.setRole(tenant, 'user_bob', 'member');
  his.pause();
  his.resume();
  await upToDate(his);
  await eventually('it arrives', () => mine.local.get('refused'));
  assert.deepEqual(await his.unpushed(), []);
  assert.ok(bob.manager.getActiveTenant());
}));

test('one document that the server refuses does not hold up the others', { timeout }, withServer(async (server) => {
  const { mine, his } = await band(server);
  const denied = next(his, 'denied');
  await his.local.bulkDocs([{ _id: 'a' }, { _id: 'another tenant’s', tenant: 'tenant_other' }, { _id: 'z' }]);
  assert.deepEqual((({ id, code }) => [id, code])(await denied), ['another tenant’s', 'forbidden']);
  await eventually('the others arrive', async () => (await mine.local.get('a')) && mine.local.get('z'));
  await eventually('only that one is left', async () => (await his.unpushed()).length === 1);
  assert.deepEqual((await his.unpushed()).map(({ _id }) => _id), ['another tenant’s']);
  const { _rev } = await his.local.get('another tenant’s');
  await his.local.put({ _id: 'another tenant’s', _rev, mended: true });
  await eventually('it is taken now', () => mine.local.get('another tenant’s'));
  await eventually('and nothing is left', async () => (await his.unpushed()).length === 0);
}));

test('members, invitations and tenants: what the manager calls', { timeout }, withServer(async (server) => {
  const { alice, bob } = await band(server);
  const { manager } = alice;
  const told = [];
  manager.on('tenants', (tenants) => told.push(tenants.map(({ name }) => name).sort()));
  const team = await manager.createTenant('Night Shift', { colour: 'blue' });
  assert.equal(team.metadata.colour, 'blue');
  await manager.renameTenant(team._id, 'Late Shift');
  const invitation = await manager.createInvitation(team._id, { role: 'viewer', expiresIn: 3600 });
  assert.deepEqual((await manager.getInvitations(team._id)).map(({ id }) => id), [invitation.id]);
  assert.equal((await bob.manager.previewInvitation(invitation.token)).tenant.name, 'Late Shift');
  assert.equal((await bob.manager.acceptInvitation(invitation.token))._id, team._id);
  const revoked = await manager.createInvitation(team._id, { role: 'member', email: 'carol@example.com' });
  await manager.revokeInvitation(team._id, revoked.id);
  await assert.rejects(bob.manager.acceptInvitation(revoked.token), { status: 404, code: 'not_found' });
  const members = await manager.getMembers(team._id);
  assert.deepEqual(members.map(({ id, role }) => [id, role]).sort(), [['user_alice', 'owner'], ['user_bob', 'viewer']]);
  await manager.setRole(team._id, 'user_bob', 'member');
  assert.equal((await manager.transferTenant(team._id, 'user_bob')).userId, 'user_bob');
  await bob.manager.deleteTenant(team._id);
  assert.equal((await bob.manager.restoreTenant(team._id)).name, 'Late Shift');
  assert.ok(told.some((names) => names.includes('Night Shift')) && told.some((names) => names.includes('Late Shift')), JSON.stringify(told));
}));
