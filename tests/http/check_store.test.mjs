// `mycouch check-store`: what it prints, and what it tells the shell.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

import { binary, withServer } from '../harness/server.mjs';
import { User, invite } from '../harness/users.mjs';

const timeout = 60_000;

/** The command on a server's data: its exit status and what it printed. */
function checkStore(...args) {
  return new Promise((resolve) => {
    execFile(binary, ['check-store', ...args], (error, stdout, stderr) => resolve({ status: error ? error.code : 0, stdout, stderr }));
  });
}

test('a store that was used through the API has no violations', { timeout }, withServer(async (server) => {
  const alice = await new User(server, 'alice').signIn();
  const bob = await new User(server, 'bob').signIn();
  const { body: band } = await alice.request('POST', '/__tenants', { json: { name: 'Band' } });
  await invite(alice, bob, band._id);
  await alice.request('POST', `/__tenants/${band._id}/invitations`, { json: { role: 'viewer' } });
  await bob.request('PUT', '/__users/_me', { json: { active_tenant_id: band._id } });
  await alice.request('POST', `/__tenants/${band._id}/transfer`, { json: { userId: 'user_bob' } });
  await server.stop();
  const { status, stdout } = await checkStore('--data', server.data);
  assert.match(stdout, /^2 users, 3 tenants, 2 invitations, \d+ scopes: 0 violations, 0 notes\n$/);
  assert.equal(status, 0);
}));

test('what does not agree is named', { timeout }, withServer(async (server) => {
  await new User(server, 'alice').signIn();
  const { body } = await server.asAdministrator('GET', '/couch-sitter/tenant_alice_personal');
  await server.asAdministrator('PUT', '/couch-sitter/tenant_alice_personal', { json: { ...body, userIds: [] } });
  await server.stop();
  const { status, stdout } = await checkStore('--store-url', `rocksdb:${path.join(server.data, 'store')}`);
  assert.match(stdout, /^violation: tenant_alice_personal has other users in `userIds` than in `members`\.\n/);
  assert.match(stdout, /: 1 violations, 0 notes\n$/);
  assert.equal(status, 1);
}));

test('a store that cannot be read is told apart from one that is wrong', { timeout }, withServer(async (server) => {
  const running = await checkStore('--data', server.data);
  assert.equal(running.status, 2);
  assert.match(running.stderr, /a server is running on it/);
  const none = await checkStore('--data', path.join(server.folder, 'nowhere'));
  assert.equal(none.status, 2);
  assert.match(none.stderr, /there is no store in that folder/);
  const memory = await checkStore('--store-url', 'memory:');
  assert.equal(memory.status, 2);
  await server.stop();
  const other = await checkStore('--data', server.data, '--store-system-database', 'other');
  assert.equal(other.status, 2);
  assert.match(other.stderr, /it has no database "other"/);
}));
