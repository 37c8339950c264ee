// How long a gateway without an index needs until it has one, and how large that is.
//
//   node bench/catch_up.mjs [documents] [tenants]          100000 documents of 1000 tenants
//
// Fills a CouchDB, starts a gateway over it with an empty folder, asks for a feed until it comes from the index,
// and looks at the folder; then starts the gateway again with the folder that it has. MYCOUCH_TEST_STORE=couch: over a
// mycouch in memory; couchdb: over the one that MYCOUCH_TEST_COUCHDB_URL names. MYCOUCH_BINARY: the server.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';

import { withServer } from '../tests/harness/server.mjs';
import { storeKind } from '../tests/harness/upstream.mjs';
import { Issuer } from '../tests/harness/issuer.mjs';
import { eventually } from '../tests/harness/wait.mjs';

const documents = Number(process.argv[2] ?? 100_000);
const tenants = Number(process.argv[3] ?? 1_000);
const together = 1_000;
assert.notEqual(storeKind, 'rocksdb', 'MYCOUCH_TEST_STORE says over what: couch or couchdb');

// As a document of a tenant lies upstream.
const body = 'x'.repeat(900);
const document = (i) => ({ _id: `tenant_t${i % tenants}_personal:document-${i}`, tenant: `tenant_t${i % tenants}_personal`, body });

async function fill({ upstream }) {
  const { origin, username, password } = new URL(upstream.url);
  const headers = { 'content-type': 'application/json', authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  const database = `${origin}/${upstream.prefix ?? ''}roady`;
  assert.equal((await fetch(database, { method: 'PUT', headers })).status, 201);
  for (let at = 0; at < documents; at += together) {
    const docs = Array.from({ length: Math.min(together, documents - at) }, (_, i) => document(at + i));
    const answer = await fetch(`${database}/_bulk_docs`, { method: 'POST', headers, body: JSON.stringify({ docs }) });
    assert.equal(answer.status, 201, await answer.text());
  }
}

// A feed that is read from upstream, because there is no index yet, says so in its sequences.
async function indexed(server) {
  await eventually('the index is there', async () => {
    const { status, body: feed } = await server.asAdministrator('GET', '/roady/_changes?limit=1');
    assert.equal(status, 200, JSON.stringify(feed));
    return !feed.last_seq.includes('-cold');
  }, { seconds: 3600, every: 5 });
}

function bytesOf(folder) {
  return Number(/^\d+/.exec(execFileSync('du', ['-sb', folder], { encoding: 'utf8' }))[0]);
}

const run = withServer(async (server) => {
  const index = path.join(server.folder, 'index');
  const filling = performance.now();
  await fill(server);
  console.log(`filled with ${documents} documents of ${tenants} tenants in ${((performance.now() - filling) / 1000).toFixed(1)} s`);
  await server.stop();
  await rm(index, { recursive: true, force: true });
  await server.start();
  const began = performance.now();
  await indexed(server);
  const seconds = (performance.now() - began) / 1000;
  console.log(`without an index: ${seconds.toFixed(1)} s, ${Math.round(documents / seconds)} documents a second`);
  console.log(server.log.split('\n').filter((line) => line.includes('catching up')).join('\n'));
  await server.stop();
  const bytes = bytesOf(index);
  console.log(`the index: ${bytes} bytes, ${Math.round(bytes / documents)} for each document; closed`);
  await server.start();
  const again = performance.now();
  await indexed(server);
  console.log(`with the index: ${((performance.now() - again) / 1000).toFixed(2)} s; memory ${Math.round((await server.memory()) / 2 ** 20)} MiB`);
}, { configuration: new Issuer().configuration() });
await run({});
