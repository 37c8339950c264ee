// The administrator's view is a plain CouchDB to nano, its usual client in Node.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import nano from 'nano';

import { withServer } from '../harness/server.mjs';
import { User } from '../harness/users.mjs';

const timeout = 60_000;

async function connect(server) {
  const password = (await readFile(path.join(server.data, 'admin.password'), 'utf8')).trim();
  return nano(server.url.replace('//', `//admin:${encodeURIComponent(password)}@`));
}

async function refused(promise, statusCode, error) {
  await assert.rejects(promise, (thrown) => {
    assert.deepEqual([thrown.statusCode, thrown.error], [statusCode, error]);
    return true;
  });
}

test('nano creates a database, writes, reads, deletes it', { timeout }, withServer(async (server) => {
  const couch = await connect(server);
  assert.deepEqual(await couch.db.create('albums'), { ok: true });
  assert.ok((await couch.db.list()).includes('albums'));
  await refused(couch.db.create('albums'), 412, 'file_exists');
  const albums = couch.use('albums');

  const inserted = await albums.insert({ title: 'Blue' }, 'blue');
  assert.deepEqual([inserted.ok, inserted.id], [true, 'blue']);
  assert.match(inserted.rev, /^1-[0-9a-f]{32}$/);
  assert.deepEqual(await albums.get('blue'), { _id: 'blue', _rev: inserted.rev, title: 'Blue' });
  await refused(albums.insert({ title: 'again' }, 'blue'), 409, 'conflict');
  const updated = await albums.insert({ _rev: inserted.rev, title: 'Blue', year: 1971 }, 'blue');
  assert.match(updated.rev, /^2-/);
  assert.equal((await albums.get('blue', { rev: inserted.rev })).year, undefined);
  assert.equal((await albums.head('blue')).etag, `"${updated.rev}"`);

  const bulk = await albums.bulk({ docs: [{ _id: 'a' }, { _id: 'b' }, { _id: 'blue' }] });
  assert.deepEqual(bulk.map(({ ok, error }) => ok ?? error), [true, true, 'conflict']);
  const list = await albums.list({ include_docs: true });
  assert.deepEqual(list.rows.map(({ id }) => id), ['a', 'b', 'blue']);
  assert.equal(list.total_rows, 3);
  const fetched = await albums.fetch({ keys: ['blue', 'none'] });
  assert.equal(fetched.rows[0].doc.year, 1971);
  assert.equal(fetched.rows[1].error, 'not_found');

  await refused(albums.destroy('blue', inserted.rev), 409, 'conflict');
  const destroyed = await albums.destroy('blue', updated.rev);
  assert.match(destroyed.rev, /^3-/);
  await refused(albums.get('blue'), 404, 'not_found');
  const info = await albums.info();
  assert.deepEqual([info.db_name, info.doc_count, info.doc_del_count], ['albums', 2, 1]);
  const changes = await albums.changes({ since: 0 });
  assert.deepEqual(changes.results.map(({ id, deleted }) => [id, deleted === true]), [['a', false], ['b', false], ['blue', true]]);

  assert.deepEqual(await couch.db.destroy('albums'), { ok: true });
  await refused(couch.db.get('albums'), 404, 'not_found');
  await refused(albums.get('a'), 404, 'not_found');
  await refused(couch.db.destroy('albums'), 404, 'not_found');
}));

test('a database that is made again is empty', { timeout }, withServer(async (server) => {
  const couch = await connect(server);
  for (let round = 0; round < 3; ++round) {
    await couch.db.create('albums');
    assert.equal((await couch.db.get('albums')).doc_count, 0);
    assert.deepEqual((await couch.use('albums').changes({ since: 0 })).results, []);
    await couch.use('albums').bulk({ docs: Array.from({ length: 500 }, (_, i) => ({ _id: `doc-${i}`, round })) });
    await couch.db.destroy('albums');
  }
}));

test('databases have CouchDB\'s names and no others', { timeout }, withServer(async (server) => {
  const couch = await connect(server);
  for (const name of ['a', 'a0_$()+-/z', 'x'.repeat(238)]) {
    await couch.db.create(name);
    assert.ok((await couch.db.list()).includes(name), name);
    await couch.db.destroy(name);
  }
  for (const name of ['A', '0a', '_users2', 'a b', 'a.b', 'ä', 'x'.repeat(239)]) {
    await refused(couch.db.create(name), 400, 'illegal_database_name');
  }
}));

test('the administrator\'s documents of an application\'s database are outside any tenant', { timeout }, withServer(async (server) => {
  const couch = await connect(server);
  const alice = await new User(server, 'alice').signIn();
  await alice.request('PUT', '/roady/hers', { json: {} });
  const { rev } = await couch.use('roady').insert({ note: 'of nobody' }, 'note');
  assert.equal((await couch.use('roady').get('note'))._rev, rev);
  await refused(couch.use('roady').get('hers'), 404, 'not_found');
  assert.equal((await alice.request('GET', '/roady/note')).status, 404);
  assert.ok((await couch.db.list()).includes('roady'));
}));
