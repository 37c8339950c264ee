// Tokens end while they are used, are refused, or never come.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Http } from '../dist/http.js';
import { Tokens } from '../dist/tokens.js';
import { eventually } from '../../tests/harness/wait.mjs';
import { Device, reaches, upToDate, withServer } from './device.mjs';

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = (claims) => `${encoded({ alg: 'none' })}.${encoded({ sub: 'alice', ...claims })}.`;
const now = () => Math.floor(Date.now() / 1000);

/** An issuer in memory, and a server that accepts what `accepts` says. */
function setting({ lifetime = 3600, skew = 0, accepts = () => true } = {}) {
  const calls = { all: 0, refresh: 0 };
  let current;
  const getToken = async ({ refresh = false } = {}) => {
    calls.all += 1;
    if (refresh) calls.refresh += 1;
    if (refresh || !current) current = token({ iat: now() + skew, exp: now() + skew + lifetime, n: calls.refresh });
    return current;
  };
  const fetch = async (_, { headers }) =>
    accepts(headers.Authorization.slice('Bearer '.length))
      ? Response.json({ ok: true })
      : Response.json({ error: 'unauthorized', reason: 'token expired' }, { status: 401 });
  return { calls, http: new Http('http://server', new Tokens(getToken), fetch) };
}

test('a token is asked for once, however many requests need it', async () => {
  const { calls, http } = setting();
  await Promise.all(Array.from({ length: 50 }, () => http.json('GET', '/')));
  assert.deepEqual(calls, { all: 1, refresh: 0 });
});

test('a refused token is replaced once for all requests that it was refused to', async () => {
  let last;
  let revoked;
  const { calls, http } = setting({ accepts: (used) => ((last = used), used !== revoked) });
  await http.json('GET', '/');
  revoked = last;
  await Promise.all(Array.from({ length: 50 }, () => http.json('GET', '/')));
  assert.equal(calls.refresh, 1);
});

test('a server that refuses every token gets two requests for one, and no loop', async () => {
  let requests = 0;
  const { calls, http } = setting({ accepts: () => ((requests += 1), false) });
  await assert.rejects(http.json('GET', '/'), { status: 401, code: 'unauthorized' });
  assert.deepEqual([requests, calls.refresh], [2, 1]);
});

test('an issuer that gives the same token again is not asked forever', async () => {
  let requests = 0;
  const same = token({ iat: now() - 100, exp: now() - 40 });
  let calls = 0;
  const tokens = new Tokens(async () => ((calls += 1), same));
  const http = new Http('http://server', tokens, async () => ((requests += 1), Response.json({ error: 'unauthorized', reason: 'token expired' }, { status: 401 })));
  await assert.rejects(http.json('GET', '/'), { status: 401 });
  assert.ok(requests === 1 && calls <= 3, `${requests} requests, ${calls} calls`);
});

test('a clock that is an hour wrong costs one more token and no more', async () => {
  for (const skew of [-3600, 3600]) {
    const { calls, http } = setting({ lifetime: 60, skew });
    for (let i = 0; i < 20; ++i) await http.json('GET', '/');
    assert.ok(calls.refresh <= 1, `${skew}: ${JSON.stringify(calls)}`);
  }
});

test('a token that is about to end is replaced before it is used', async () => {
  const { calls, http } = setting({ lifetime: 1 });
  await http.json('GET', '/');
  assert.equal(calls.refresh, 1);
});

test('nobody signed in is an error of its own', async () => {
  const http = new Http('http://server', new Tokens(async () => null), async () => assert.fail('no request without a token'));
  await assert.rejects(http.json('GET', '/'), { status: 401, code: 'no_token' });
});

const seconds = Number(process.env.MYCOUCH_SHORT_TOKENS_SECONDS ?? 30);

test(`tokens of ten seconds, ${seconds} seconds of use: nothing is shown, nothing is lost`, { timeout: (seconds + 60) * 1000 }, withServer(async (server) => {
  const [alice, bob] = ['alice', 'bob'].map((sub) => new Device(server, sub, { expiresIn: 10 }));
  const mine = await alice.open();
  await bob.manager.initializeTenantContext();
  const { token: invitation } = await alice.manager.createInvitation(alice.personalTenant, { role: 'member' });
  await bob.manager.acceptInvitation(invitation);
  const his = bob.manager.openDatabase('roady', { tenant: alice.personalTenant });
  await upToDate(his);

  const shown = new Set();
  for (const database of [mine, his]) database.on('status', ({ state }) => shown.add(state));
  const end = Date.now() + seconds * 1000;
  let count = 0;
  while (Date.now() < end) {
    const [from, to] = count % 2 ? [mine, his] : [his, mine];
    const _id = `doc-${count++}`;
    await from.local.put({ _id });
    await eventually(`${_id} arrives`, () => to.local.get(_id), { seconds: 20 });
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  assert.deepEqual([...shown].sort(), ['syncing', 'uptodate']);
  const refused = [...alice.requests, ...bob.requests].filter((request) => / (401|403|404|0)$/.test(request));
  assert.deepEqual(refused, []);
  assert.ok(alice.calls.all >= seconds / 10, 'tokens were renewed');
  const { body } = await server.asAdministrator('GET', '/__tenants/alice_personal/roady');
  assert.equal(body.doc_count, count);
}));

test('a server that refuses the tokens is shown as an error, asked with patience, and heals', { timeout: 60_000 }, withServer(async (server) => {
  const device = new Device(server, 'alice');
  const database = await device.open();
  let refusing = true;
  const send = device.send;
  device.send = (url, options) =>
    refusing ? Promise.resolve(Response.json({ error: 'unauthorized', reason: 'unknown key id' }, { status: 401 })) : send(url, options);
  await database.local.put({ _id: 'song' });
  await reaches(database, 'error');
  assert.deepEqual([database.status.error.status, database.status.error.message], [401, 'unknown key id']);
  const before = device.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 3000));
  assert.ok(device.requests.length - before <= 10, `${device.requests.length - before} requests in three seconds`);
  refusing = false;
  await upToDate(database);
}));
