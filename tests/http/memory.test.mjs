// The server's memory stays bounded, whatever clients send or leave behind.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { Connection } from '../harness/connection.mjs';
import { Exchange } from '../harness/exchange.mjs';
import { withServer } from '../harness/server.mjs';
import { User } from '../harness/users.mjs';
import { eventually } from '../harness/wait.mjs';

const timeout = 120_000;
const mebibyte = 1 << 20;
const limits = ['--limits-max-body', '1MiB', '--limits-head-timeout', '2s', '--limits-body-timeout', '2s'];

/** Fails where the server has grown by more than `mebibytes` since `before`. */
async function assertGrownByAtMost(mebibytes, server, before) {
  const grown = (await server.memory()) - before;
  assert.ok(grown < mebibytes * mebibyte, `${Math.round(grown / mebibyte)} MiB more`);
}

test('what is refused does not stay in memory', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  const authorization = `Bearer ${await user.token()}`;
  const before = (await user.request('GET', '/roady/')).body;
  const put = (body) => server.request('PUT', '/roady/x', { authorization, body }).then(({ status }) => status, () => 'closed');
  const deep = '['.repeat(900_000);
  const wide = `{${Array.from({ length: 40_000 }, (_, i) => `"k${i}":${i}`).join()},"k7":7}`;
  const round = async () => {
    const statuses = await Promise.all([
      ...Array.from({ length: 8 }, () => put(deep)),
      ...Array.from({ length: 8 }, () => put(wide)),
      ...Array.from({ length: 8 }, () => put(' '.repeat(20 * mebibyte))),
    ]);
    assert.ok(statuses.every((status) => [400, 413, 'closed'].includes(status)), statuses.join());
  };
  await round();
  const settled = await server.memory();
  for (let i = 0; i < 10; ++i) await round();
  await assertGrownByAtMost(64, server, settled);
  assert.deepEqual((await user.request('GET', '/roady/')).body, before);
}, { args: limits }));

test('a crowd of half requests does not keep others out, and is gone after the time limit', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  const before = await server.memory();
  const crowd = await Promise.all(Array.from({ length: 500 }, async () => {
    const connection = await Connection.open(server);
    await connection.send(`GET /roady/ HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`);
    return connection;
  }));
  assert.equal((await user.request('GET', '/roady/')).status, 200);
  await assertGrownByAtMost(128, server, before);
  await Promise.all(crowd.map((connection) => connection.closed()));
}, { args: limits }));

test('a reader who does not read holds up himself only', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  for (let batch = 0; batch < 20; ++batch) {
    const docs = Array.from({ length: 500 }, (_, i) => ({ _id: `doc-${batch}-${i}`, text: 'x'.repeat(5000) }));
    assert.equal((await user.request('POST', '/roady/_bulk_docs', { json: { docs } })).status, 201);
  }
  const before = await server.memory();
  const request = `GET /roady/_all_docs?include_docs=true HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${await user.token()}\r\n\r\n`;
  // Each asks for 50 MB and takes what fits into the sockets.
  const readers = await Promise.all(Array.from({ length: 20 }, async () => {
    const connection = await Connection.open(server);
    await connection.send(request);
    connection.socket.pause();
    return connection;
  }));
  for (let i = 0; i < 100; ++i) assert.equal((await user.request('GET', '/roady/doc-1-1')).status, 200);
  await assertGrownByAtMost(256, server, before);
  for (const reader of readers) reader.end();
}));

/** Whether the server holds the socket of this connection open, which the client cannot see while it does not read. */
async function isOpen(server, connection) {
  const inHex = (port) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
  return sockets.some(([, local, remote]) => local?.endsWith(inHex(server.port)) && remote.endsWith(inHex(connection.socket.localPort)));
}

test('a reader who does not read is let go after the time limit', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  for (let batch = 0; batch < 8; ++batch) {
    const docs = Array.from({ length: 500 }, (_, i) => ({ _id: `doc-${batch}-${i}`, text: 'x'.repeat(5000) }));
    assert.equal((await user.request('POST', '/roady/_bulk_docs', { json: { docs } })).status, 201);
  }
  const { status } = await user.request('PUT', '/roady/doc/file', { headers: { 'content-type': 'image/png' }, body: Buffer.alloc(20 * mebibyte) });
  assert.equal(status, 201);
  const fields = `Host: x\r\nAuthorization: Bearer ${await user.token()}`;
  const readers = await Promise.all([
    '/roady/_all_docs?include_docs=true',
    '/roady/_changes?include_docs=true',
    '/roady/_changes?feed=continuous&include_docs=true&heartbeat=100',
    '/roady/doc/file',
    '/roady/doc?attachments=true',
  ].map(async (target) => {
    const connection = await Connection.open(server);
    await connection.send(`GET ${target} HTTP/1.1\r\n${fields}\r\n\r\n`);
    connection.socket.pause();
    assert.ok(await isOpen(server, connection));
    return connection;
  }));
  for (const reader of readers) {
    await eventually('the server closes the connection', async () => !(await isOpen(server, reader)));
    reader.end();
  }
  assert.equal((await user.request('GET', '/roady/doc-1-1')).status, 200);
}, { args: ['--limits-write-timeout', '1s'] }));

test('feeds that clients have left cost nothing afterwards', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  const token = await user.token();
  const round = async () => {
    const feeds = Array.from({ length: 200 }, () => Exchange.get(server, '/roady/_changes?feed=longpoll&since=now&heartbeat=10000', token));
    for (const feed of feeds) await feed.begun();
    for (const feed of feeds) feed.request.destroy();
  };
  await round();
  const before = await server.memory();
  for (let i = 0; i < 10; ++i) await round();
  await assertGrownByAtMost(32, server, before);
  assert.equal((await user.request('PUT', '/roady/a', { json: {} })).status, 201);
}));

test('a feed that is not read waits, and holds no memory for its reader', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  const write = async (name) => {
    for (let batch = 0; batch < 10; ++batch) {
      const docs = Array.from({ length: 500 }, (_, i) => ({ _id: `doc-${batch}-${i}`, name, text: 'x'.repeat(5000) }));
      for (const doc of docs) if (revisions.has(doc._id)) doc._rev = revisions.get(doc._id);
      const { status, body } = await user.request('POST', '/roady/_bulk_docs', { json: { docs } });
      assert.equal(status, 201);
      for (const { id, rev } of body) revisions.set(id, rev);
    }
  };
  const revisions = new Map();
  await write('first');
  const before = await server.memory();
  const request = `GET /roady/_changes?feed=continuous&include_docs=true&heartbeat=1000 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${await user.token()}\r\n\r\n`;
  // Each asks for 25 MB, and for whatever comes after it.
  const readers = await Promise.all(Array.from({ length: 20 }, async () => {
    const connection = await Connection.open(server);
    await connection.send(request);
    connection.socket.pause();
    return connection;
  }));
  for (const round of ['second', 'third']) await write(round);
  await assertGrownByAtMost(256, server, before);
  for (const reader of readers) reader.end();
}));
