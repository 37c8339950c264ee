// How long a gateway without an index needs until it has one, and how large that is.
//
//   node bench/catch_up.mjs [documents] [tenants]          100000 documents of 1000 tenants
//
// Fills a CouchDB, starts a gateway over it with an empty folder, asks for one tenant's feed until it comes from the index,
// and looks at the folder; then starts the gateway again with the folder that it has. MYCOUCH_TEST_STORE=couch: over a
// mycouch in memory; couchdb: over the one that MYCOUCH_TEST_COUCHDB_URL names. MYCOUCH_BINARY: the server.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';

import { withServer } from '../tests/harness/server.mjs';
import { storeKind } from '../tests/harness/upstream.mjs';
import { claimsOf, Issuer } from '../tests/harness/issuer.mjs';
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
  for (let at = 0; at < documents; at += together) {
    const docs = Array.from({ length: Math.min(together, documents - at) }, (_, i) => document(at + i));
    const answer = await fetch(`${database}/_bulk_docs`, { method: 'POST', headers, body: JSON.stringify({ docs }) });
    assert.equal(answer.status, 201, await answer.text());
  }
}

// One of the tenants, who asks for changes.
const issuer = new Issuer();
const authorization = `Bearer ${issuer.token(claimsOf('t0'))}`;

async function signIn(server) {
  await eventually('the tenant is there', async () => (await server.request('GET', '/roady/', { authorization })).status === 200);
}

/** Seconds until a feed came at all, and until it came from the index: one that is read from upstream says so in its sequences. */
async function served(server) {
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  let first;
  await eventually('the index is there', async () => {
    const { status, body: feed } = await server.request('GET', '/roady/_changes?limit=1', { authorization });
    if (status !== 200) return false;
    first ??= seconds();
    return !feed.last_seq.includes('-cold');
  }, { seconds: 3600, every: 5 });
  return { first, indexed: seconds() };
}

function bytesOf(folder) {
  return Number(/^\d+/.exec(execFileSync('du', ['-sb', folder], { encoding: 'utf8' }))[0]);
}

const run = withServer(async (server) => {
  const index = path.join(server.folder, 'index');
  const filling = performance.now();
  await signIn(server);
  await fill(server);
  console.log(`filled with ${documents} documents of ${tenants} tenants in ${((performance.now() - filling) / 1000).toFixed(1)} s`);
  await server.stop();
  await rm(index, { recursive: true, force: true });
  await server.start();
  const { first, indexed } = await served(server);
  console.log(`without an index: ${indexed.toFixed(1)} s, ${Math.round(documents / indexed)} documents a second; the first feed after ${first.toFixed(1)} s`);
  console.log(server.log.split('\n').filter((line) => line.includes('catching up')).join('\n'));
  await server.stop();
  const bytes = bytesOf(index);
  console.log(`the index: ${bytes} bytes, ${Math.round(bytes / documents)} for each document; closed`);
  await server.start();
  const again = await served(server);
  console.log(`with the index: ${again.indexed.toFixed(2)} s; memory ${Math.round((await server.memory()) / 2 ** 20)} MiB`);
}, { configuration: issuer.configuration() });
await run({});
