// SIGTERM ends the feeds with their last_seq, finishes what is in flight, and then the process.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Exchange } from '../harness/exchange.mjs';
import { withServer } from '../harness/server.mjs';
import { User } from '../harness/users.mjs';
import { eventually } from '../harness/wait.mjs';

const timeout = 60_000;

test('a waiting longpoll ends with its last_seq', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  await user.request('PUT', '/roady/a', { json: {} });
  const { body: info } = await user.request('GET', '/roady/');
  const feed = Exchange.get(server, `/roady/_changes?feed=longpoll&heartbeat=10000&since=${info.update_seq}`, await user.token());
  await feed.begun();

  const started = performance.now();
  assert.equal(await server.stop(), 0);
  assert.deepEqual(await feed.answer(5), { results: [], last_seq: info.update_seq, pending: 0 });
  assert.ok(performance.now() - started < 5000, 'an idle server stops at once');
}));

test('requests in flight are finished, and no new ones are taken', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  const body = JSON.stringify({ docs: Array.from({ length: 2000 }, (_, i) => ({ _id: `doc-${i}`, text: 'x'.repeat(500) })) });
  const bulk = new Exchange(server, 'POST', '/roady/_bulk_docs', { token: await user.token() });
  bulk.request.write(body.slice(0, body.length / 2));
  // The server has the request in hand when it has read on beyond what the sockets can hold.
  await eventually('half of the body is on its way', () => bulk.request.socket?.writableLength === 0);

  const stopped = server.stop();
  await eventually('nobody new is let in', () => fetch(`${server.url}/_up`).then(() => false, () => true));
  bulk.request.end(body.slice(body.length / 2));
  const rows = await bulk.answer();
  assert.equal(bulk.status, 201, bulk.text);
  assert.equal(rows.filter(({ ok }) => ok).length, 2000);
  assert.equal(await stopped, 0);

  await server.start();
  assert.equal((await user.request('GET', '/roady/')).body.doc_count, 2000);
}));

test('a large answer that is being read is finished', { timeout }, withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  for (let batch = 0; batch < 20; ++batch) {
    const docs = Array.from({ length: 500 }, (_, i) => ({ _id: `doc-${batch}-${i}`, text: 'x'.repeat(1000) }));
    assert.equal((await user.request('POST', '/roady/_bulk_docs', { json: { docs } })).status, 201);
  }
  const all = Exchange.get(server, '/roady/_all_docs?include_docs=true', await user.token());
  await all.begun();
  const stopped = server.stop();
  assert.equal((await all.answer()).rows.length, 10_000);
  assert.equal(await stopped, 0);
}));
