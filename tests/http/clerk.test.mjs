// Clerk as the identity provider: its tokens are accepted as they are, and it learns each user's active tenant, however it
// fails meanwhile and wherever the server is stopped.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { verifyToken } from '@clerk/backend';

import { withClerk } from '../harness/clerk.mjs';
import { withServer } from '../harness/server.mjs';
import { eventually } from '../harness/wait.mjs';

const timeout = 120_000;

/** A test's body around a stand-in for Clerk and a server that is configured for it. */
function withBoth(body) {
  return (t) =>
    withClerk((clerk) => withServer((server) => body(server, clerk), { configuration: clerk.configuration() })(t));
}

function ask(server, clerk, user, method, target, options = {}) {
  return server.request(method, target, { ...options, authorization: `Bearer ${clerk.sessionToken(user)}` });
}

function learns(clerk, user, tenant, options) {
  return eventually(`Clerk learns that ${tenant} is active`, () => clerk.activeTenantOf(user) === tenant, options);
}

async function isSettled(server) {
  await eventually('the outbox is empty', async () => {
    const { body } = await server.asAdministrator('GET', '/couch-sitter/_all_docs?start_key="outbox_"&end_key="outbox_~"');
    return body.rows.length === 0;
  });
}

test('a session token in Clerk\'s exact shape is accepted by Clerk\'s own verifier and by mycouch', { timeout }, withBoth(async (server, clerk) => {
  const user = clerk.addUser('user_2cSSCzV7948rhPJMsY601tXsEU4');
  const signedIn = (token) => server.request('GET', '/__users/_me', { authorization: `Bearer ${token}` });
  const verified = (token) => verifyToken(token, { jwtKey: clerk.jwtKey, authorizedParties: [clerk.origin] });

  const organization = { o: { id: 'org_123', slg: 'band', rol: 'admin', per: 'manage,read', fpm: '3,2' } };
  for (const claims of [{}, organization, { active_tenant_id: '' }, { active_tenant_id: undefined }]) {
    const token = clerk.sessionToken(user, claims);
    const payload = await verified(token);
    assert.equal(payload.sub, user);
    assert.equal(payload.v, 2);
    const answer = await signedIn(token);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.equal(answer.body._id, `user_${user}`);
  }

  const foreign = clerk.sessionToken(user, { azp: 'https://evil.example' });
  await assert.rejects(verified(foreign));
  assert.equal((await signedIn(foreign)).body.reason, 'wrong authorized party');

  const pending = await signedIn(clerk.sessionToken(user, { sts: 'pending' }));
  assert.equal(pending.status, 401);
  assert.equal(pending.body.reason, 'session pending: the user has tasks to complete at the issuer');
}));

test('at the first sign-in Clerk learns the active tenant, and the next token opens the database', { timeout }, withBoth(async (server, clerk) => {
  const user = clerk.addUser('user_1', { theme: 'dark' });
  const first = await ask(server, clerk, user, 'GET', '/roady/');
  assert.equal(first.status, 401);
  assert.equal(first.body.error, 'token_refresh_required');
  assert.equal(first.body.active_tenant_id, 'tenant_user_1_personal');
  await learns(clerk, user, 'tenant_user_1_personal');
  assert.equal(clerk.users.get(user).public_metadata.theme, 'dark', 'what else the metadata holds stays');
  assert.equal((await ask(server, clerk, user, 'GET', '/roady/')).status, 200);
  await isSettled(server);
  assert.equal(clerk.requests.length, 1);
  assert.ok(!server.log.includes(clerk.secretKey), 'the log does not hold the key');
}));

test('errors and rate limits of Clerk only delay it', { timeout }, withBoth(async (server, clerk) => {
  const user = clerk.addUser('user_1');
  clerk.answerNext(500, { status: 429, retryAfter: '2' }, 503);
  await ask(server, clerk, user, 'GET', '/roady/');
  await learns(clerk, user, 'tenant_user_1_personal');
  assert.deepEqual(clerk.requests.map(({ status }) => status), [500, 429, 503, 200]);
  const [, limited, after] = clerk.requests;
  assert.ok(after.at - limited.at >= 1_900, `asked again ${after.at - limited.at} ms after "Retry-After: 2"`);
  await isSettled(server);
}));

test('a rate limit holds up every other notice for Clerk', { timeout }, withBoth(async (server, clerk) => {
  const [one, two] = [clerk.addUser('user_1'), clerk.addUser('user_2')];
  clerk.answerNext({ status: 429, retryAfter: '2' });
  await ask(server, clerk, one, 'GET', '/roady/');
  await eventually('the limit was met', () => clerk.requests.length === 1);
  await eventually('the pause is noted', async () => {
    const { body } = await server.asAdministrator('GET', '/couch-sitter/outbox_active_tenant_user_user_1');
    return body.attempts === 1;
  });
  await ask(server, clerk, two, 'GET', '/roady/');
  await learns(clerk, two, 'tenant_user_2_personal');
  const [limited, ...others] = clerk.requests;
  for (const other of others) assert.ok(other.at - limited.at >= 1_900, `${other.user} after ${other.at - limited.at} ms`);
}));

test('a Clerk that does not answer holds up no request, and is asked again', { timeout }, withBoth(async (server, clerk) => {
  const user = clerk.addUser('user_1');
  clerk.answerNext('hang');
  const begun = performance.now();
  await ask(server, clerk, user, 'GET', '/roady/');
  await eventually('Clerk is asked', () => clerk.requests.length === 1);
  for (let i = 0; i < 20; ++i) {
    const answer = await ask(server, clerk, user, 'PUT', '/__users/_me', { json: { name: `Jo ${i}` } });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  }
  assert.ok(performance.now() - begun < 5_000, 'requests do not wait for Clerk');
  await learns(clerk, user, 'tenant_user_1_personal');
}));

test('what Clerk was not told before a kill -9 it is told after the restart', { timeout }, withBoth(async (server, clerk) => {
  const users = Array.from({ length: 20 }, (_, i) => clerk.addUser(`user_${i}`));
  await clerk.stop();
  const answers = await Promise.all(users.map((user) => ask(server, clerk, user, 'GET', '/roady/')));
  for (const answer of answers) assert.equal(answer.body.error, 'token_refresh_required', JSON.stringify(answer.body));
  await server.kill();
  await clerk.start();
  await server.start();
  for (const user of users) await learns(clerk, user, `tenant_${user}_personal`);
  await isSettled(server);
}));

test('a server that is told to stop does so at once while Clerk does not answer', { timeout }, withBoth(async (server, clerk) => {
  const user = clerk.addUser('user_1');
  clerk.answerNext('hang');
  await ask(server, clerk, user, 'GET', '/roady/');
  await eventually('Clerk is asked', () => clerk.requests.length === 1);
  const begun = performance.now();
  assert.equal(await server.stop(), 0);
  assert.ok(performance.now() - begun < 3_000, `it took ${performance.now() - begun} ms`);
  await server.start();
  await learns(clerk, user, 'tenant_user_1_personal');
}));

test('after switches during an outage Clerk learns the last one', { timeout }, withBoth(async (server, clerk) => {
  const user = clerk.addUser('user_1');
  await ask(server, clerk, user, 'GET', '/roady/');
  await learns(clerk, user, 'tenant_user_1_personal');
  await clerk.stop();
  const tenants = [];
  for (const name of ['One', 'Two', 'Three']) {
    const made = await ask(server, clerk, user, 'POST', '/__tenants', { json: { name } });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    tenants.push(made.body._id);
    const put = await ask(server, clerk, user, 'PUT', '/__users/_me', { json: { active_tenant_id: made.body._id } });
    assert.equal(put.status, 200, JSON.stringify(put.body));
  }
  await clerk.start();
  await learns(clerk, user, tenants.at(-1));
  await isSettled(server);
  const told = clerk.requests.slice(1).map(({ metadata }) => JSON.parse(metadata).public_metadata.active_tenant_id);
  assert.deepEqual(told, [tenants.at(-1)]);
}));

test('a user whom Clerk does not know is given up, with a line in the log', { timeout }, withBoth(async (server, clerk) => {
  clerk.addUser('user_1');
  const token = clerk.sessionToken('user_1');
  clerk.users.delete('user_1');
  await server.request('GET', '/roady/', { authorization: `Bearer ${token}` });
  await eventually('it is given up', () => /given up.*Clerk has no such user/.test(server.log));
  await isSettled(server);
  assert.equal(clerk.requests.length, 1);
}));

test('a key that Clerk refuses is an error in the log, and the notice waits for a better one', { timeout }, (t) =>
  withClerk(async (clerk) => {
    const good = clerk.secretKey;
    await withServer(async (server) => {
      clerk.addUser('user_1');
      await ask(server, clerk, 'user_1', 'GET', '/roady/');
      await eventually('it is an error', () => /error.*status 401: is clerk_secret_key right\?/.test(server.log));
      const { body } = await server.asAdministrator('GET', '/couch-sitter/outbox_active_tenant_user_user_1');
      assert.equal(body.attempts, 1);
      assert.ok(!server.log.includes('sk_wrong'), 'the log does not hold the key');
      assert.deepEqual(clerk.mistakes.splice(0), ['authorization']);
      assert.ok(!(await readFile(`${server.folder}/mycouch.toml`, 'utf8')).includes(good));
    }, {
      configuration: async (folder, listen) =>
        (await clerk.configuration()(folder, listen)).replace(good, 'sk_wrong'),
    })(t);
  }),
);
