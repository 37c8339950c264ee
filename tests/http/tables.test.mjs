// What the virtual tables refuse: the contract's status, a reason, and the store unchanged.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { withServer } from '../harness/server.mjs';
import { createTenant, invite, User } from '../harness/users.mjs';

const timeout = 60_000;
const rev = `1-${'0'.repeat(32)}`;

/** Alice with a band in which Bob is an admin; Carol, who is in none of it. */
async function prepare(server) {
  const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map((sub) => new User(server, sub).signIn()));
  const band = await createTenant(alice, 'Band');
  await invite(alice, bob, band, 'admin');
  return { alice, bob, carol, band };
}

/** Everything that users and tenants are. */
async function everything(server) {
  const { status, body } = await server.asAdministrator('GET', '/couch-sitter/_all_docs?include_docs=true');
  assert.equal(status, 200);
  return body.rows.map(({ doc }) => doc);
}

// [what, who, method, path, body, status, error]; {band} stands for the tenant.
const cases = [
  ['an unknown field of a user', 'alice', 'PUT', '/__users/_me', { colour: 'red' }, 400, 'bad_request'],
  ['a name that is no string', 'alice', 'PUT', '/__users/_me', { name: 7 }, 400, 'bad_request'],
  ['a name of 10,000 characters', 'alice', 'PUT', '/__users/_me', { name: 'x'.repeat(10_000) }, 400, 'bad_request'],
  ['a name with a control character', 'alice', 'PUT', '/__users/_me', { name: 'a\u0007b' }, 400, 'bad_request'],
  ['a user\'s tenants', 'alice', 'PUT', '/__users/_me', { tenantIds: [] }, 400, 'bad_request'],
  ['a user\'s issuer', 'alice', 'PUT', '/__users/_me', { iss: 'https://elsewhere.example' }, 400, 'bad_request'],
  ['a user\'s times', 'alice', 'PUT', '/__users/_me', { updatedAt: '2020-01-01T00:00:00Z' }, 400, 'bad_request'],
  ['another _id than the path\'s', 'alice', 'PUT', '/__users/_me', { _id: 'user_bob' }, 400, 'bad_request'],
  ['_deleted by PUT', 'alice', 'PUT', '/__users/_me', { _deleted: true }, 400, 'bad_request'],
  ['deleted by PUT', 'alice', 'PUT', '/__users/_me', { deleted: true }, 400, 'bad_request'],
  ['a stale revision', 'alice', 'PUT', '/__users/_me', { _rev: rev, name: 'x' }, 409, 'conflict'],
  ['a revision that is none', 'alice', 'PUT', '/__users/_me', { _rev: 'latest', name: 'x' }, 400, 'bad_request'],
  ['a stranger\'s tenant as active', 'carol', 'PUT', '/__users/_me', { active_tenant_id: '{band}' }, 403, 'forbidden'],
  ['a tenant that is not there as active', 'carol', 'PUT', '/__users/_me', { active_tenant_id: 'tenant_x' }, 403, 'forbidden'],
  ['another\'s document', 'alice', 'PUT', '/__users/bob', { name: 'x' }, 403, 'forbidden'],
  ['oneself to delete', 'alice', 'DELETE', '/__users/_me', undefined, 403, 'forbidden'],
  ['another to delete', 'alice', 'DELETE', '/__users/bob', undefined, 403, 'forbidden'],

  ['a tenant without a name', 'alice', 'POST', '/__tenants', {}, 400, 'bad_request'],
  ['a tenant of an unknown field', 'alice', 'POST', '/__tenants', { name: 'x', colour: 'red' }, 400, 'bad_request'],
  ['a tenant of one\'s own id', 'alice', 'POST', '/__tenants', { _id: 'tenant_x', name: 'x' }, 400, 'bad_request'],
  ['a tenant that says it is personal', 'alice', 'POST', '/__tenants', { name: 'x', metadata: { isPersonal: true } }, 400, 'bad_request'],
  ['metadata of 100 kB', 'alice', 'POST', '/__tenants', { name: 'x', metadata: { x: 'x'.repeat(100_000) } }, 400, 'bad_request'],
  ['an unknown field of a tenant', 'alice', 'PUT', '/__tenants/{band}', { colour: 'red' }, 400, 'bad_request'],
  ['a tenant\'s owner', 'alice', 'PUT', '/__tenants/{band}', { userId: 'user_bob' }, 400, 'bad_request'],
  ['a tenant\'s members', 'alice', 'PUT', '/__tenants/{band}', { members: {} }, 400, 'bad_request'],
  ['a tenant\'s application', 'alice', 'PUT', '/__tenants/{band}', { applicationId: 'other' }, 400, 'bad_request'],
  ['a tenant\'s _deleted by PUT', 'alice', 'PUT', '/__tenants/{band}', { _deleted: true }, 400, 'bad_request'],
  ['a rename by an admin', 'bob', 'PUT', '/__tenants/{band}', { name: 'x' }, 403, 'forbidden'],
  ['a rename by a stranger', 'carol', 'PUT', '/__tenants/{band}', { name: 'x' }, 403, 'forbidden'],
  ['a tenant that is not there', 'alice', 'PUT', '/__tenants/tenant_x', { name: 'x' }, 404, 'not_found'],
  ['a personal tenant to delete', 'alice', 'DELETE', '/__tenants/alice_personal', undefined, 403, 'forbidden'],
  ['a tenant to delete that is another\'s', 'bob', 'DELETE', '/__tenants/{band}', undefined, 403, 'forbidden'],
  ['a tenant to delete by a stale revision', 'alice', 'DELETE', `/__tenants/{band}?rev=${rev}`, undefined, 409, 'conflict'],
  ['a tenant to restore that is not deleted', 'alice', 'POST', '/__tenants/{band}/restore', {}, 400, 'bad_request'],

  ['a role that does not exist', 'alice', 'PUT', '/__tenants/{band}/members/bob', { role: 'king' }, 400, 'bad_request'],
  ['a role that is no string', 'alice', 'PUT', '/__tenants/{band}/members/bob', { role: 1 }, 400, 'bad_request'],
  ['a role with something else', 'alice', 'PUT', '/__tenants/{band}/members/bob', { role: 'viewer', x: 1 }, 400, 'bad_request'],
  ['another owner by a role', 'alice', 'PUT', '/__tenants/{band}/members/bob', { role: 'owner' }, 403, 'forbidden'],
  ['the owner\'s role', 'bob', 'PUT', '/__tenants/{band}/members/alice', { role: 'viewer' }, 403, 'forbidden'],
  ['a role of no member', 'alice', 'PUT', '/__tenants/{band}/members/carol', { role: 'viewer' }, 404, 'not_found'],
  ['the owner to remove', 'bob', 'DELETE', '/__tenants/{band}/members/alice', undefined, 403, 'forbidden'],
  ['the owner to leave', 'alice', 'DELETE', '/__tenants/{band}/members/_me', undefined, 403, 'forbidden'],
  ['a stranger to remove', 'alice', 'DELETE', '/__tenants/{band}/members/carol', undefined, 404, 'not_found'],
  ['a transfer to nobody', 'alice', 'POST', '/__tenants/{band}/transfer', {}, 400, 'bad_request'],
  ['a transfer to a stranger', 'alice', 'POST', '/__tenants/{band}/transfer', { userId: 'user_carol' }, 404, 'not_found'],
  ['a transfer by an admin', 'bob', 'POST', '/__tenants/{band}/transfer', { userId: 'user_bob' }, 403, 'forbidden'],
  ['a transfer of a personal tenant', 'alice', 'POST', '/__tenants/alice_personal/transfer', { userId: 'user_bob' }, 403, 'forbidden'],

  ['an invitation without a role', 'alice', 'POST', '/__tenants/{band}/invitations', {}, 400, 'bad_request'],
  ['an invitation of an owner', 'alice', 'POST', '/__tenants/{band}/invitations', { role: 'owner' }, 400, 'bad_request'],
  ['an invitation of no e-mail address', 'alice', 'POST', '/__tenants/{band}/invitations', { role: 'member', email: 'x' }, 400, 'bad_request'],
  ['an invitation for ever', 'alice', 'POST', '/__tenants/{band}/invitations', { role: 'member', expires_in: 1e9 }, 400, 'bad_request'],
  ['an invitation by a stranger', 'carol', 'POST', '/__tenants/{band}/invitations', { role: 'member' }, 403, 'forbidden'],
  ['an unknown invitation to revoke', 'alice', 'DELETE', '/__tenants/{band}/invitations/x', undefined, 404, 'not_found'],
  ['an unknown token', 'carol', 'GET', '/__invitations/x', undefined, 404, 'not_found'],
  ['an unknown token to accept', 'carol', 'POST', '/__invitations/x/accept', {}, 404, 'not_found'],
];

test('bad input to the tables is refused, and changes nothing', { timeout }, withServer(async (server, t) => {
  const { band, ...people } = await prepare(server);
  const before = await everything(server);
  for (const [what, who, method, target, json, status, error] of cases) {
    await t.test(what, async () => {
      const filled = JSON.parse(JSON.stringify(json ?? null).replaceAll('{band}', band));
      const answer = await people[who].request(method, target.replaceAll('{band}', band), { json: json && filled });
      assert.deepEqual([answer.status, answer.body.error], [status, error], answer.body.reason);
      assert.equal(answer.body.detail, answer.body.reason);
      assert.deepEqual(await everything(server), before);
    });
  }
}));

test('of many documents each is judged by its own rule', { timeout }, withServer(async (server) => {
  const { alice, band } = await prepare(server);
  const { body: tenant } = await alice.request('GET', `/__tenants/${band}`);
  const { body: user } = await alice.request('GET', '/__users/_me');
  const before = await everything(server);
  const ids = ['user_x/../y', '_design/x', 'user_alice', 'invitation_x', 'outbox_x', 'application_x', 'x', 'tenant_x'];
  for (const newEdits of [true, false]) {
    const docs = ids.map((_id) => ({ _id, _rev: rev, type: 'tenant', name: 'x' }));
    const { status, body } = await alice.request('POST', '/__tenants/_bulk_docs', { json: { docs, new_edits: newEdits } });
    assert.equal(status, 201);
    assert.deepEqual(body.map(({ id }) => id), ids);
    assert.ok(body.every(({ error }) => error === 'forbidden' || (newEdits && error === 'not_found')), JSON.stringify(body));
  }
  const inUsers = await alice.request('POST', '/__users/_bulk_docs', { json: { docs: [{ ...tenant, name: 'x' }, { ...user, sub: 'bob' }] } });
  assert.deepEqual(inUsers.body.map(({ error }) => error), ['forbidden', 'bad_request']);
  assert.deepEqual(await everything(server), before);

  const mixed = await alice.request('POST', '/__tenants/_bulk_docs', {
    json: { docs: [{ ...tenant, userId: 'user_bob' }, { ...tenant, name: 'Trio' }, { ...tenant, name: 'Stale' }] },
  });
  assert.deepEqual(mixed.body.map(({ ok, error }) => ok ?? error), ['bad_request', true, 'conflict']);
  assert.equal((await alice.request('GET', `/__tenants/${band}`)).body.name, 'Trio');
}));

test('documents of the tables take no attachments', { timeout }, withServer(async (server) => {
  const { alice, band } = await prepare(server);
  const { body: tenant } = await alice.request('GET', `/__tenants/${band}`);
  const _attachments = { 'a.txt': { content_type: 'text/plain', data: 'YQ==' } };
  assert.equal((await alice.request('PUT', `/__tenants/${band}`, { json: { ...tenant, _attachments } })).status, 400);
  for (const newEdits of [true, false]) {
    const docs = [{ ...tenant, _rev: newEdits ? tenant._rev : `9-${'a'.repeat(32)}`, _attachments }];
    const { body } = await alice.request('POST', '/__tenants/_bulk_docs', { json: { docs, new_edits: newEdits } });
    assert.equal(body[0].error, 'forbidden');
  }
  assert.deepEqual((await alice.request('GET', `/__tenants/${band}`)).body, tenant);
}));

test('the active tenant cannot be deleted, by the profile or the token', { timeout }, withServer(async (server) => {
  const { alice, band } = await prepare(server);
  assert.equal((await alice.request('PUT', '/__users/_me', { json: { active_tenant_id: band } })).status, 200);
  assert.equal((await alice.request('DELETE', `/__tenants/${band}`)).status, 403);
  await alice.freshToken();
  assert.equal((await alice.request('PUT', '/__users/_me', { json: { active_tenant_id: alice.personalTenant } })).status, 200);
  assert.equal((await alice.request('DELETE', `/__tenants/${band}`)).status, 403, 'the token still names it');
  await alice.freshToken();
  assert.equal((await alice.request('DELETE', `/__tenants/${band}`)).status, 200);
  assert.equal((await alice.request('PUT', '/__users/_me', { json: { active_tenant_id: band } })).status, 403);
}));

test('whose active tenant is deleted falls back to the personal one', { timeout }, withServer(async (server) => {
  const { alice, bob, band } = await prepare(server);
  assert.equal((await bob.request('PUT', '/__users/_me', { json: { active_tenant_id: band } })).status, 200);
  assert.equal((await alice.request('DELETE', `/__tenants/${band}`)).status, 200);
  assert.equal((await bob.request('GET', '/__users/_me')).body.active_tenant_id, bob.personalTenant);
  await bob.freshToken();
  assert.equal((await bob.request('GET', '/roady/')).status, 200);
}));

test('an invitation that is bound to an e-mail address is for its verified owner', { timeout }, withServer(async (server) => {
  const { alice, carol, band } = await prepare(server);
  const invitation = async (email) => (await alice.request('POST', `/__tenants/${band}/invitations`, { json: { role: 'viewer', email } })).body.token;
  const other = await invitation('someone@example.com');
  assert.equal((await carol.request('POST', `/__invitations/${other}/accept`, { json: {} })).status, 403);
  const hers = await invitation('Carol@Example.com');
  const accepted = await carol.request('POST', `/__invitations/${hers}/accept`, { json: {} });
  assert.deepEqual([accepted.status, accepted.body.members?.user_carol?.role], [200, 'viewer']);
  assert.equal((await carol.request('PUT', `/__tenants/${band}/roady/x`, { json: {} })).status, 403, 'a viewer');
}));

test('an invitation that is revoked or expired is like one that never was', { timeout }, withServer(async (server) => {
  const { alice, carol, band } = await prepare(server);
  const made = await alice.request('POST', `/__tenants/${band}/invitations`, { json: { role: 'member' } });
  const { id, token } = made.body;
  assert.equal((await carol.request('GET', `/__invitations/${token}`)).status, 200);
  assert.equal((await alice.request('DELETE', `/__tenants/${band}/invitations/${id}`)).status, 200);
  const revoked = await carol.request('GET', `/__invitations/${token}`);
  const unknown = await carol.request('GET', '/__invitations/never-was');
  assert.deepEqual([revoked.status, revoked.body], [unknown.status, unknown.body]);

  const short = await alice.request('POST', `/__tenants/${band}/invitations`, { json: { role: 'member' } });
  const stored = (await server.asAdministrator('GET', `/couch-sitter/${short.body.id}`)).body;
  assert.ok(!JSON.stringify(stored).includes(short.body.token), 'the token is not stored');
  await server.asAdministrator('PUT', `/couch-sitter/${short.body.id}`, { json: { ...stored, expiresAt: '2020-01-01T00:00:00Z' } });
  const expired = await carol.request('POST', `/__invitations/${short.body.token}/accept`, { json: {} });
  assert.deepEqual([expired.status, expired.body], [unknown.status, unknown.body]);
  assert.deepEqual((await alice.request('GET', `/__tenants/${band}/invitations`)).body, []);
}));
