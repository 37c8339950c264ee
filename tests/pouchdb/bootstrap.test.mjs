// A first-time user gets a user document and a personal tenant, once, whatever comes at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { localDatabase, remoteDatabase } from '../harness/pouch.mjs';
import { withServer } from '../harness/server.mjs';
import { User } from '../harness/users.mjs';

const timeout = 60_000;

async function systemDocuments(server) {
  const { status, body } = await server.asAdministrator('GET', '/couch-sitter/_all_docs?include_docs=true');
  assert.equal(status, 200, JSON.stringify(body));
  return body.rows.map(({ doc }) => doc).filter(({ type }) => type === 'user' || type === 'tenant');
}

test('the first request asks for a fresh token, and with it the next one succeeds', { timeout }, withServer(async (server) => {
  const user = new User(server, 'abc123');
  const firstToken = await user.token();
  const first = await server.request('GET', '/roady/', { authorization: `Bearer ${firstToken}` });
  assert.equal(first.status, 401);
  assert.equal(first.body.error, 'token_refresh_required');
  assert.equal(first.body.active_tenant_id, 'tenant_abc123_personal');
  assert.match(first.headers.get('www-authenticate'), /^Bearer\b/);

  const again = await server.request('GET', '/roady/', { authorization: `Bearer ${firstToken}` });
  assert.equal(again.status, 401, 'the old token still lacks the claim');
  assert.equal(again.body.active_tenant_id, 'tenant_abc123_personal');

  const next = await server.request('GET', '/roady/', { authorization: `Bearer ${await user.freshToken()}` });
  assert.equal(next.status, 200);
  assert.equal(next.body.doc_count, 0);
}));

test('the documents that a bootstrap makes are linked to each other', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'abc123').signIn();
  const { body: found } = await user.request('GET', '/__users/_me');
  const { body: tenants } = await user.request('GET', '/__tenants');
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

  assert.equal(found._id, 'user_abc123');
  assert.equal(found.type, 'user');
  assert.equal(found.sub, 'abc123');
  assert.equal(found.email, 'abc123@example.com');
  assert.equal(found.name, 'abc123');
  assert.equal(found.personalTenantId, 'tenant_abc123_personal');
  assert.equal(found.active_tenant_id, 'tenant_abc123_personal');
  assert.deepEqual(found.tenantIds, ['tenant_abc123_personal']);
  assert.equal(found.tenants.length, 1);
  assert.equal(found.tenants[0].role, 'owner');
  assert.equal(found.tenants[0].personal, true);
  assert.match(found.createdAt, time);

  assert.equal(tenants.length, 1);
  assert.equal(tenants[0]._id, 'tenant_abc123_personal');
  assert.equal(tenants[0].type, 'tenant');
  assert.equal(tenants[0].userId, 'user_abc123');
  assert.deepEqual(tenants[0].userIds, ['user_abc123']);
  assert.equal(tenants[0].members.user_abc123.role, 'owner');
  assert.equal(tenants[0].applicationId, 'roady');
  assert.equal(tenants[0].metadata.isPersonal, true);
}));

test('50 first requests at once leave one user and one personal tenant', { timeout }, withServer(async (server) => {
  const user = new User(server, 'crowd');
  const authorization = `Bearer ${await user.token()}`;
  const answers = await Promise.all(Array.from({ length: 50 }, () => server.request('GET', '/roady/', { authorization })));
  for (const { status, body } of answers) {
    assert.deepEqual([status, body.error, body.active_tenant_id], [401, 'token_refresh_required', 'tenant_crowd_personal']);
  }
  const documents = await systemDocuments(server);
  assert.deepEqual(documents.map(({ _id }) => _id).sort(), ['tenant_crowd_personal', 'user_crowd']);
  assert.equal((await user.request('GET', '/roady/')).status, 200);
}));

test('50 people who come for the first time at once each get their own', { timeout }, withServer(async (server) => {
  const users = Array.from({ length: 50 }, (_, i) => new User(server, `user${i}`));
  await Promise.all(users.map((user) => user.signIn()));
  const ids = (await systemDocuments(server)).map(({ _id }) => _id).sort();
  assert.deepEqual(ids, users.flatMap(({ id, personalTenant }) => [personalTenant, id]).sort());
}));

test('a PouchDB that syncs as its first act gets through', { timeout }, withServer(async (server) => {
  const local = localDatabase();
  await local.put({ _id: 'first', song: 'one' });
  const remote = remoteDatabase(new User(server, 'newcomer'), '/roady');
  await local.sync(remote);
  assert.equal((await remote.get('first')).song, 'one');
}));

test('a subject is taken byte for byte', { timeout }, withServer(async (server) => {
  for (const sub of ['user_2x', 'auth0|5f:7c', 'Ünï cödé/ß']) {
    const user = await new User(server, sub).signIn();
    const { status, body } = await user.request('GET', `/__users/${encodeURIComponent(sub)}`);
    assert.equal(status, 200, sub);
    assert.equal(body._id, `user_${sub}`);
    assert.equal(body.active_tenant_id, `tenant_${sub}_personal`);
  }
}));
