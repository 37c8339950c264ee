// The answers of couchdb_answers.mjs, asked of a mycouch; and of the CouchDB that MYCOUCH_TEST_COUCHDB_URL names, which shows
// that they are CouchDB's.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { couchdb } from '../differential/couchdb.mjs';
import { withServer } from '../harness/server.mjs';
import { cases } from './couchdb_answers.mjs';

const timeout = 120_000;
const couch = couchdb();
const skip = couch ? false : 'MYCOUCH_TEST_COUCHDB_URL names no CouchDB';

// A body of text is sent as it is.
async function send({ url, authorization }, database, [method, path, json, headers = {}]) {
  const response = await fetch(`${url}/${database}${path}`, {
    method,
    headers: { authorization, accept: 'application/json', 'content-type': 'application/json', ...headers },
    body: json === undefined || typeof json === 'string' ? json : JSON.stringify(json),
  });
  return { status: response.status, body: await response.json() };
}

/** Asks all of `cases`, each in a database of its own. */
async function askAll(server, t) {
  for (const [i, [title, given, request, status, body]] of cases.entries()) {
    const database = `answers-${process.pid}-${i}`;
    await t.test(title, async () => {
      await send(server, database, ['PUT', '?q=1']);
      try {
        for (const before of given) assert.ok((await send(server, database, before)).status < 300);
        assert.deepEqual(await send(server, database, request), { status, body });
      } finally {
        await send(server, database, ['DELETE', '']);
      }
    });
  }
}

test('mycouch answers as CouchDB does', { timeout }, withServer(async (server, t) => {
  await askAll({ url: server.url, authorization: await server.administrator() }, t);
}));

test('CouchDB answers so', { timeout, skip }, async (t) => {
  await askAll(couch, t);
});
