// A CouchDB that is none, that is not ours, or that fails: said clearly, never a crash, a hang, or the password told.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { Exchange } from '../harness/exchange.mjs';
import { withGateways } from '../harness/gateways.mjs';
import { Proxy } from '../harness/proxy.mjs';
import { binary } from '../harness/server.mjs';
import { Upstream } from '../harness/upstream.mjs';
import { User } from '../harness/users.mjs';
import { eventually, within } from '../harness/wait.mjs';

const timeout = 300_000;
const seconds = 120;
const password = 'hunter2-c0rrect';
// As it is sent, too.
const secrets = [password, Buffer.from(`admin:${password}`).toString('base64'), Buffer.from('admin:upstream').toString('base64'), 'admin:upstream@'];

function tellsNoSecret(text) {
  for (const secret of secrets) assert.ok(!text.includes(secret), text);
}

/** A gateway that does not come to run: its exit status and what it said. */
async function refusal(url, ...args) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'mycouch-test-'));
  try {
    return await within(seconds, 'the gateway ends', new Promise((resolve) => {
      execFile(binary, ['dev', '--data', path.join(folder, 'data'), '--listen', '127.0.0.1:0', '--store-url', url, '--store-index', path.join(folder, 'index'), ...args],
        { timeout: seconds * 1000 }, (error, stdout, stderr) => resolve({ status: error ? (error.code ?? error.signal) : 0, text: stdout + stderr }));
    }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function withUpstream(body) {
  const upstream = await new Upstream(binary, '127.0.0.1:0').start();
  try {
    await body(upstream);
  } finally {
    await upstream.stop();
  }
}

/** A server that answers everything in one way. */
async function withImpostor(answer, body) {
  const server = http.createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await body(`http://admin:${password}@127.0.0.1:${server.address().port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

function json(value) {
  return (request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function refused({ status, text }, reason) {
  assert.equal(typeof status, 'number', `it ended by ${status}: ${text}`);
  assert.notEqual(status, 0, text);
  assert.match(text, reason);
  tellsNoSecret(text);
}

test('a wrong password ends the gateway at its start', { timeout }, () => withUpstream(async ({ address }) => {
  refused(await refusal(`http://admin:${password}@${address}`), /password|credentials|unauthorized/i);
}));

test('a port where nobody listens ends the gateway at its start', { timeout }, async () => {
  refused(await refusal(`http://admin:${password}@127.0.0.1:1`), /127\.0\.0\.1:1.*(refused|reached)/is);
});

const impostors = {
  'an HTML page': [(request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html><h1>It works!</h1></html>'), /CouchDB/],
  'JSON of something else': [json({ name: 'elastic', tagline: 'You Know, for Search' }), /CouchDB/],
  'JSON that is no object': [json(['couchdb']), /CouchDB/],
  'a CouchDB too old': [json({ couchdb: 'Welcome', version: '2.3.1', vendor: { name: 'The Apache Software Foundation' } }), /CouchDB 2\.3\.1 is too old.*3\.2/],
  'a CouchDB a little too old': [json({ couchdb: 'Welcome', version: '3.1.2', vendor: { name: 'The Apache Software Foundation' } }), /CouchDB 3\.1\.2 is too old/],
  'a page that is not found': [(request, response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<html>nothing here</html>'), /CouchDB|404/],
  'an answer that is cut': [(request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 }).write('{"couchdb":');
    setImmediate(() => response.destroy());
  }, /./],
};
for (const [what, [answer, reason]] of Object.entries(impostors)) {
  test(`${what} in the place of a CouchDB ends the gateway at its start`, { timeout }, () => withImpostor(answer, async (url) => {
    refused(await refusal(url), reason);
  }));
}

test('a database for the gateways that is of another layout ends the gateway at its start', { timeout }, () => withUpstream(async (upstream) => {
  const headers = { 'content-type': 'application/json', authorization: secretOf(upstream) };
  const base = `http://${upstream.address}/couch-sitter-gateways`;
  await fetch(base, { method: 'PUT', headers });
  for (const document of [{ layout: 99, uuid: 'a'.repeat(32) }, { layout: '1', uuid: 'a'.repeat(32) }, { hello: 'world' }]) {
    const old = await (await fetch(`${base}/store`, { headers })).json();
    const written = await fetch(`${base}/store`, { method: 'PUT', headers, body: JSON.stringify({ ...document, _rev: old._rev }) });
    assert.equal(written.status, 201);
    refused(await refusal(upstream.url), /couch-sitter-gateways is not of this version/);
  }
}));

function secretOf({ url }) {
  const { username, password: secret } = new URL(url);
  return `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`;
}

// While the gateway runs.

const reads = ['/roady/', '/roady/song', '/roady/_all_docs', '/roady/_all_docs?include_docs=true', '/roady/_local/x', '/roady/song/file'];
const writes = [
  ['PUT', '/roady/new', {}], ['POST', '/roady/_bulk_docs', { docs: [{ _id: 'newer' }] }], ['POST', '/roady/_find', { selector: { tenant: { $gt: null } } }], ['POST', '/roady/_bulk_get', { docs: [{ id: 'song' }] }],
  ['POST', '/roady/_revs_diff', { song: ['9-a'] }], ['POST', '/__tenants', { name: 'Band' }], ['PUT', '/roady/_local/y', {}],
];

async function prepared(gateway) {
  const alice = await new User(gateway, 'alice').signIn();
  const { status, body } = await alice.request('PUT', '/roady/song', { json: { n: 1, _attachments: { file: { data: 'aGVsbG8=', content_type: 'text/plain' } } } });
  assert.equal(status, 201, JSON.stringify(body));
  return alice;
}

/** Each request ends, and none is answered with what is not so; true where one was answered with 503. */
async function ask(alice, gateway) {
  const all = [...reads.map((target) => ['GET', target]), ...writes];
  const answers = await Promise.all(all.map(async ([method, target, body]) => {
    const answer = await within(seconds, `an answer of ${target}`, alice.request(method, target, { json: body }).catch((error) => ({ broken: error })));
    if (answer.broken) {
      // An answer that had begun when the store failed can only break off.
      return { target, status: 0 };
    }
    assert.notEqual(answer.status, 500, `${target}: ${JSON.stringify(answer.body)}`);
    if (answer.status === 503) {
      assert.ok(Number(answer.headers.get('retry-after')) > 0, `${target} has a Retry-After`);
      assert.equal(answer.body.error, 'service_unavailable', JSON.stringify(answer.body));
    }
    tellsNoSecret(JSON.stringify(answer.body));
    return { target, status: answer.status };
  }));
  assert.ok(gateway.running, 'the gateway runs');
  return answers;
}

async function recovers(alice, gateway) {
  await eventually('all is well again', async () => {
    for (const target of reads.filter((each) => !each.includes('_local'))) {
      const { status, body } = await alice.request('GET', target);
      assert.equal(status, 200, `${target}: ${JSON.stringify(body)}`);
    }
    return true;
  }, { seconds });
  tellsNoSecret(gateway.log);
}

const failures = {
  'an HTML page and 502, as a proxy has it': (request, response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<html><h1>Bad gateway</h1></html>'),
  'an HTML page and 200': (request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html><h1>Sign in</h1></html>'),
  'what says it is JSON, and is none': (request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":tru'),
  'JSON of another form': (request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('[1,{"rows":7,"results":{}}]'),
  'an empty body': (request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(),
  'an answer that is cut in the middle': (request, response, forward) => forward((body, answer) => {
    response.writeHead(answer.statusCode, { 'content-type': 'application/json', 'content-length': body.length });
    response.write(body.subarray(0, body.length >> 1), () => response.destroy());
  }),
  'bytes that are no HTTP': (request, response) => response.socket.end('\u0000\u0001garbage\r\n\r\n'),
  'a closed connection': (request, response) => response.destroy(),
  'that the password is wrong': (request, response) => response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"unauthorized","reason":"Name or password is incorrect."}'),
};
for (const [what, answer] of Object.entries(failures)) {
  test(`a CouchDB that answers with ${what} makes no crash, no hang and no lie`, { timeout }, withGateways(1, async (gateways, gateway) => {
    const alice = await prepared(gateway);
    const left = gateways.proxy.requests.length;
    // The feed goes on: what breaks it is another test's.
    gateways.proxy.intercept((request, response, forward) => (request.url.includes('feed=continuous') ? forward() : answer(request, response, forward)));
    const answers = await ask(alice, gateway);
    assert.ok(gateways.proxy.requests.length > left, 'the CouchDB was asked');
    const song = answers.find(({ target }) => target === '/roady/song');
    assert.ok(song.status === 503 || song.status === 0, JSON.stringify(answers));
    for (const { target, status } of answers.filter((each) => each.target !== '/roady/_find')) {
      assert.ok(![201, 404].includes(status), `${target} is answered with ${status}, which nobody has said`);
    }
    gateways.proxy.intercept(undefined);
    await recovers(alice, gateway);
  }, { through: (url) => Proxy.start(url) }));
}

async function storeOnDisk(folder) {
  return { upstream: await new Upstream(binary, '127.0.0.1:0', `rocksdb:${path.join(folder, 'upstream')}`).start() };
}

test('a CouchDB that goes away and comes back: 503 meanwhile, feeds go on, and nothing acknowledged is lost', { timeout }, withGateways(1, async (gateways, gateway) => {
  const alice = await prepared(gateway);
  const feed = Exchange.get(gateway, '/roady/_changes?feed=continuous&since=0&heartbeat=60000', await alice.token());
  await feed.begun();
  const acknowledged = [];
  let writing = true;
  const writers = Array.from({ length: 4 }, async (_, who) => {
    for (let i = 0; writing; ++i) {
      const { status, headers, body } = await alice.request('PUT', `/roady/${who}-${i}`, { json: {} });
      if (status === 201) acknowledged.push(`${who}-${i}`);
      else assert.equal(status, 503, JSON.stringify(body));
      if (status === 503) assert.ok(Number(headers.get('retry-after')) > 0);
      if (status === 503) tellsNoSecret(JSON.stringify(body));
    }
  });
  for (let round = 0; round < 2; ++round) {
    const before = acknowledged.length;
    await eventually('documents are written', () => acknowledged.length > before + 50, { seconds });
    await gateways.upstream.stop();
    await eventually('the gateway says so', async () => (await alice.request('GET', '/roady/song')).status === 503, { seconds });
    await gateways.upstream.start();
    await eventually('the gateway is back', async () => (await alice.request('GET', '/roady/song')).status === 200, { seconds });
  }
  writing = false;
  await Promise.all(writers);
  const held = new Set((await alice.request('GET', '/roady/_all_docs')).body.rows.map(({ id }) => id));
  assert.deepEqual(acknowledged.filter((id) => !held.has(id)), [], 'all that was acknowledged is there');
  const come = () => new Set(feed.text.split('\n').filter((line) => line.trim()).map((line) => JSON.parse(line).id));
  await eventually('all of it has come in the feed that was open all the time', () => {
    const ids = come();
    assert.deepEqual(acknowledged.filter((id) => !ids.has(id)).slice(0, 5), []);
    return true;
  }, { seconds });
  feed.request.destroy();
  await recovers(alice, gateway);
}, { store: storeOnDisk }));

test('a feed upstream that is cut again and again leaves nothing out', { timeout }, withGateways(1, async (gateways, gateway) => {
  const alice = await prepared(gateway);
  const feed = Exchange.get(gateway, '/roady/_changes?feed=continuous&since=0&heartbeat=60000', await alice.token());
  await feed.begun();
  const come = () => feed.text.split('\n').filter((line) => line.trim()).map((line) => JSON.parse(line).id);
  for (let round = 0; round < 5; ++round) {
    gateways.proxy.cut();
    await eventually('a write is taken', async () => (await alice.request('PUT', `/roady/round-${round}`, { json: {} })).status === 201, { seconds });
    await eventually('the write comes', () => come().includes(`round-${round}`), { seconds });
  }
  assert.deepEqual(come(), ['song', ...Array.from({ length: 5 }, (_, i) => `round-${i}`)]);
  feed.request.destroy();
}, { through: (url) => Proxy.start(url) }));
