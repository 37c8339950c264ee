// Applications that the administrator adds to the system database, changes and removes while the server runs.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { Exchange } from '../harness/exchange.mjs';
import { claimsOf, Issuer } from '../harness/issuer.mjs';
import { withServer } from '../harness/server.mjs';
import { eventually } from '../harness/wait.mjs';

const timeout = 120_000;
const configured = new Issuer('https://configured.example');

/** A second issuer, whose keys are in a file of the server's folder, and the document of its application. */
async function secondApplication(server, changes = {}) {
  const issuer = new Issuer('https://second.example');
  const jwks = path.join(server.folder, 'second.json');
  await writeFile(jwks, JSON.stringify(issuer.jwks));
  const document = {
    _id: 'application_second',
    type: 'application',
    issuer: issuer.url,
    jwks: `file:${jwks}`,
    databases: ['second'],
    subject_prefix: 'second-',
    allowed_origins: ['https://second-app.example'],
    ...changes,
  };
  return { issuer, document };
}

async function put(server, document) {
  const current = await server.asAdministrator('GET', `/couch-sitter/${document._id}`);
  const json = current.status === 200 ? { ...document, _rev: current.body._rev } : document;
  const answer = await server.asAdministrator('PUT', `/couch-sitter/${document._id}`, { json });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
}

async function remove(server, { _id }) {
  const { body } = await server.asAdministrator('GET', `/couch-sitter/${_id}`);
  const answer = await server.asAdministrator('DELETE', `/couch-sitter/${_id}?rev=${body._rev}`);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

function me(server, token) {
  return server.request('GET', '/__users/_me', { authorization: `Bearer ${token}` });
}

async function becomes(server, token, status, what = `the answer is ${status}`) {
  return eventually(what, async () => {
    const answer = await me(server, token);
    return answer.status === status && answer;
  });
}

const withConfigured = (body) => withServer(body, { configuration: configured.configuration() });

test('an application is added, changed and removed while the server runs', { timeout }, withConfigured(async (server) => {
  const { issuer, document } = await secondApplication(server);
  const token = issuer.token(claimsOf('bob', 'tenant_second-bob_personal'));
  assert.equal((await me(server, token)).body.reason, 'unknown issuer');

  await put(server, document);
  const { body: bob } = await becomes(server, token, 200);
  assert.equal(bob._id, 'user_second-bob');
  assert.equal(bob.iss, issuer.url);
  const open = (database) => server.request('GET', `/${database}/`, { authorization: `Bearer ${token}` });
  assert.equal((await open('second')).status, 200);
  assert.equal((await open('other')).status, 404);

  // A cached token knows of the change at once.
  await put(server, { ...document, databases: ['other'], allowed_origins: ['https://moved.example'] });
  await eventually('it serves another database', async () => (await open('other')).status === 200);
  assert.equal((await open('second')).status, 404);
  const preflight = (origin) =>
    fetch(`${server.url}/other/`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } });
  assert.equal((await preflight('https://moved.example')).headers.get('access-control-allow-origin'), 'https://moved.example');
  assert.equal((await preflight('https://second-app.example')).headers.get('access-control-allow-origin'), null);

  await remove(server, document);
  assert.equal((await becomes(server, token, 401)).body.reason, 'unknown issuer');
  await put(server, document);
  assert.equal((await becomes(server, token, 200)).body._id, 'user_second-bob', 'the user is still there');
}));

test('the feeds of an application end when it is removed', { timeout }, withConfigured(async (server) => {
  const { issuer, document } = await secondApplication(server);
  await put(server, document);
  const token = issuer.token(claimsOf('bob', 'tenant_second-bob_personal'));
  await becomes(server, token, 200);
  for (const target of ['/second/_changes', '/__tenants/_changes']) {
    await put(server, document);
    await becomes(server, token, 200);
    const feed = Exchange.get(server, `${target}?feed=longpoll&since=now&heartbeat=10000`, token);
    await feed.begun();
    await remove(server, document);
    await becomes(server, token, 401);
    const { body } = await server.asAdministrator('GET', '/couch-sitter/tenant_second-bob_personal');
    await server.asAdministrator('PUT', `/couch-sitter/${body._id}`, { json: { ...body, name: 'Renamed' } });
    await server.asAdministrator('PUT', `/__tenants/${body._id}/second/x`, { json: {} });
    assert.deepEqual((await feed.answer(10)).results, []);
  }
}));

test('an application is there after a restart', { timeout }, withConfigured(async (server) => {
  const { issuer, document } = await secondApplication(server);
  await put(server, document);
  const token = issuer.token(claimsOf('bob'));
  await becomes(server, token, 200);
  await server.kill();
  await server.start();
  assert.equal((await me(server, token)).status, 200);
}));

test('a change that is not usable leaves what was there, and says what is wrong', { timeout }, withConfigured(async (server) => {
  const { issuer, document } = await secondApplication(server);
  await put(server, document);
  const token = issuer.token(claimsOf('bob'));
  await becomes(server, token, 200);
  const wrong = [
    [{ databases: [] }, 'needs databases'],
    [{ databases: ['couch-sitter'] }, 'its databases include the system database'],
    [{ databases: ['members'] }, 'a database cannot be named'],
    [{ issuer: configured.url }, 'application second has the issuer of application roady'],
    [{ subject_prefix: '' }, 'application second has the subject prefix of application roady'],
    [{ isuer: 'https://x' }, 'unknown member'],
    [{ algorithms: ['HS256'] }, 'must be of RS256'],
    [{ invitation_webhook: 'https://a.example' }, 'invitation_webhook needs an invitation_webhook_secret'],
    [{ clerk_secret_key_file: '/nowhere' }, 'names a file that cannot be read'],
  ];
  for (const [change, reason] of wrong) {
    await put(server, { ...document, ...change });
    await eventually(`the log says: ${reason}`, () => server.log.includes(reason));
    assert.equal((await me(server, token)).status, 200, reason);
  }
}));

test('the configuration file goes before a document of the same id', { timeout }, withConfigured(async (server) => {
  const { issuer, document } = await secondApplication(server, { _id: 'application_roady' });
  await put(server, document);
  await eventually('the log says why', () => server.log.includes('the configuration file has an application of this id'));
  assert.equal((await me(server, issuer.token(claimsOf('bob')))).body.reason, 'unknown issuer');
  assert.equal((await me(server, configured.token(claimsOf('alice')))).status, 200);
  await remove(server, document);
  assert.equal((await me(server, configured.token(claimsOf('alice')))).status, 200);
}));
