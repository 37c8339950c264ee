// The short form of scripts/differential: it runs wherever MYCOUCH_TEST_COUCHDB_URL names a CouchDB.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { withServer } from '../harness/server.mjs';
import { compare } from './compare.mjs';
import { couchdb } from './couchdb.mjs';

const timeout = 600_000;
const requests = 2000;
const couch = couchdb();
const skip = couch ? false : 'MYCOUCH_TEST_COUCHDB_URL names no CouchDB: NOTHING WAS COMPARED';

test(`${requests} random requests are answered as CouchDB answers them`, { timeout, skip }, withServer(async (server) => {
  const ours = { url: server.url, authorization: await server.administrator() };
  const { requests: made, differences } = await compare({ couch, ours, seed: 1, requests, mostDifferences: 3 });
  assert.deepEqual(differences, []);
  assert.ok(made >= requests);
}));
