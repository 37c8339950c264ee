// The proxy by which PouchDB's own suites run as a tenant's user: what they measure is the tenant's view.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import PouchDB from 'pouchdb';

import { withServer } from '../harness/server.mjs';
import { eventually } from '../harness/wait.mjs';
import { startProxy } from './tenant_proxy.mjs';

const args = ['--application-databases', 'test*', '--application-tenant-field', '', '--auth-leeway', '0s'];

function withProxy(body, claims) {
  return withServer(async (server) => {
    const proxy = await startProxy({ server: server.url, administrator: await server.administrator(), claims });
    try {
      await body(proxy, server);
    } finally {
      proxy.close();
    }
  }, { args });
}

test('documents go to the tenant, and their changes come live', withProxy(async ({ url, tenant }, server) => {
  const db = new PouchDB(`${url}/test_documents`);
  const seen = [];
  const feed = db.changes({ live: true, since: 'now' }).on('change', ({ id }) => seen.push(id));
  await db.info();
  await eventually('a document comes by the feed', async () => {
    await db.post({ n: seen.length });
    return seen.length > 0;
  });
  feed.cancel();
  const { rows } = await db.allDocs();
  const within = await server.asAdministrator('GET', `/__tenants/${tenant}/test_documents/_all_docs`);
  assert.deepEqual(within.body.rows, rows);
}));

test('a database is there from its PUT to its DELETE', withProxy(async ({ url }) => {
  const status = async (method) => (await fetch(`${url}/test_lifetime`, { method })).status;
  assert.equal(await status('GET'), 404);
  assert.equal(await status('PUT'), 201);
  assert.equal(await status('PUT'), 412);
  assert.equal(await status('GET'), 200);
  assert.equal(await status('DELETE'), 200);
  assert.equal(await status('GET'), 404);
  assert.equal(await status('DELETE'), 404);
}));

test('a token that expires is followed by another', withProxy(async ({ url }) => {
  await fetch(`${url}/test_tokens`, { method: 'PUT' });
  const started = performance.now();
  while (performance.now() - started < 4000) {
    const { status } = await fetch(`${url}/test_tokens`);
    assert.equal(status, 200);
  }
}, { sub: 'pouchdb', expires_in: 2 }));
