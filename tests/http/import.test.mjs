// `mycouch import`: what a shared database holds comes to the tenants that its documents name. The source is a second
// mycouch, and a real CouchDB where there is one.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';

import { Database, withCouchDatabase, withoutCouchDb } from '../harness/couch.mjs';
import { binary, withServer } from '../harness/server.mjs';
import { User, createTenant } from '../harness/users.mjs';

const timeout = 120_000;

/** Runs the command: `{status, output, errors}`. `whileRunning` gets the process. */
async function run(args, whileRunning = () => {}) {
  const child = spawn(binary, ['import', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  whileRunning(child);
  const [code, signal] = await once(child, 'close');
  return { status: signal ?? code, output, errors };
}

async function imported(source, server, ...args) {
  return run(['--from', source.urlWithPassword ?? source, '--tenant-field', 'tenant', '--to-db', 'roady', '--data', server.data, ...args]);
}

/** A body with an empty database to import from, and a stopped server with the tenants of Alice and Bob. */
function withMycouchSource(body) {
  return withServer(async (server, t) => {
    const source = await new Database(`${server.url}/shared`, await server.administrator()).create();
    await withServer((target) => body(source, target, t))(t);
  });
}

function withCouchSource(body) {
  return withServer((target, t) => withCouchDatabase((source) => body(source, target, t)));
}

function onEachSource(sentence, body) {
  test(`${sentence}; from mycouch`, { timeout }, withMycouchSource(body));
  test(`${sentence}; from CouchDB`, { timeout, skip: withoutCouchDb }, withCouchSource(body));
}

async function usersOf(target) {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map((sub) => new User(target, sub).signIn()));
  await target.stop();
  return { alice, bob };
}

async function viewOf(user) {
  return new Database(`${user.server.url}/roady`, `Bearer ${await user.freshToken()}`);
}

const a = 'tenant_alice_personal';
const b = 'tenant_bob_personal';

function revisions(...hashes) {
  return { start: hashes.length, ids: hashes };
}

function bytes(text) {
  return Buffer.from(text).toString('base64');
}

/** Documents of both tenants, with what a long life leaves behind. */
async function fill(source) {
  const [aRev] = await source.write([
    { _id: 'song', tenant: a, title: 'Blue in Green', n: 1, _attachments: {
      'score.bin': { content_type: 'application/octet-stream', data: bytes('\0\x01\x02'.repeat(1000)) },
      'lyrics é/1.txt': { content_type: 'text/plain', data: bytes('la '.repeat(1000)) },
    } },
    { _id: 'song-of-bob', tenant: b, title: 'So What' },
  ]);
  await source.write([{ _id: 'song', _rev: aRev, tenant: a, n: 2, _attachments: {
    'score.bin': { stub: true, revpos: 1, content_type: 'application/octet-stream' },
  } }]);
  await source.replicateIn([
    { _id: 'conflict', tenant: a, n: 1, _revisions: revisions('b', 'a') },
    { _id: 'conflict', tenant: a, n: 2, _revisions: revisions('c', 'a'), _attachments: { x: { content_type: 'image/png', data: bytes('pixels') } } },
    { _id: 'conflict', _deleted: true, _revisions: revisions('e', 'd', 'a') },
    { _id: 'moved', tenant: b, _revisions: revisions('2', '1') },
    { _id: 'stemmed', tenant: b, _revisions: { start: 70, ids: ['h', 'g'] } },
    { _id: 'é/ü +%', tenant: b, _revisions: revisions('1') },
    { _id: 'said-by-its-tombstone', tenant: b, _deleted: true, _revisions: revisions('2', '1') },
  ]);
  const [gone] = await source.write([{ _id: 'gone', tenant: b }]);
  await source.request('DELETE', `/gone?rev=${gone}`);
}

/**
 * CouchDB keeps 0 where a replicator tells no `revpos`; here it is the generation of the revision that brought the attachment
 * (docs/compatibility.md).
 */
function withRevpos(leaf) {
  const generation = JSON.parse(leaf)._rev.split('-')[0];
  return leaf.replaceAll('"revpos":0,', `"revpos":${generation},`);
}

const ofAlice = new Set(['song', 'conflict']);

onEachSource('each document comes to its tenant with all its leaves, histories, tombstones and attachments', async (source, target) => {
  const { alice, bob } = await usersOf(target);
  await fill(source);
  const { status, output, errors } = await imported(source, target);
  assert.equal(status, 0, errors + output);
  assert.match(output, /^Brought in: 8 documents \(10 revisions, 2 attachments\) of 2 tenants\n$/);
  assert.match(errors, /8 of 8 changes, 100 %/);
  await target.start();
  assert.deepEqual(await (await viewOf(alice)).leaves(), (await source.leaves(({ id }) => ofAlice.has(id))).map(withRevpos));
  assert.deepEqual(await (await viewOf(bob)).leaves(), (await source.leaves(({ id }) => !ofAlice.has(id))).map(withRevpos));
  const { body: song } = await alice.request('GET', '/roady/song');
  const edited = await alice.request('PUT', '/roady/song', { json: { ...song, n: 3 } });
  assert.equal(edited.status, 201);
});

test('an attachment over the bound of bodies that are held in memory comes too', { timeout }, withMycouchSource(async (source, target) => {
  await usersOf(target);
  const { rev } = await source.request('PUT', '/film', { json: { tenant: a } });
  const content = Buffer.alloc(80 << 20, 'frame ');
  const put = await source.fetch('PUT', `/film/video?rev=${rev}`, { body: content, headers: { 'content-type': 'video/mp4' } });
  assert.equal(put.status, 201);
  const { status, output, errors } = await imported(source, target);
  assert.equal(status, 0, errors + output);
  assert.match(output, /^Brought in: 1 documents \(1 revisions, 1 attachments\)/);
  await target.start();
  const { _attachments: theirs } = await source.request('GET', '/film');
  const { _attachments: ours } = await new Database(`${target.url}/__tenants/${a}/roady`, await target.administrator()).request('GET', '/film');
  assert.deepEqual(ours, theirs);
  assert.equal(ours.video.length, content.length);
}));

onEachSource('a second run brings what is new, and a run from the start nothing twice', async (source, target) => {
  const { alice } = await usersOf(target);
  await fill(source);
  await imported(source, target);
  await source.write([{ _id: 'new', tenant: a }]);
  const second = await imported(source, target);
  assert.match(second.output, /^Brought in: 1 documents \(1 revisions, 0 attachments\) of 1 tenants\n$/);
  assert.match(second.errors, /1 of 1 changes/);
  const third = await imported(source, target, '--from-start');
  assert.match(third.output, /^Brought in: 0 documents \(0 revisions, 0 attachments\) of 2 tenants; 11 revisions were there already\n$/);
  await target.start();
  const { body } = await alice.request('GET', '/roady');
  assert.equal(body.update_seq.split('-')[0], '3');
});

test('a run that is killed at any moment is gone on with', { timeout }, withMycouchSource(async (source, target) => {
  const { alice } = await usersOf(target);
  const docs = Array.from({ length: 300 }, (_, i) => ({ _id: `d${i}`, tenant: a, i }));
  await source.write(docs);
  let requests = 0;
  let child;
  const proxy = await startProxy(source, () => {
    requests += 1;
    if (requests % 9 === 0) child.kill('SIGKILL');
    return false;
  });
  const killed = [];
  for (let status = 'SIGKILL'; status === 'SIGKILL';) {
    ({ status } = await run(
      ['--from', proxy.urlWithPassword, '--tenant-field', 'tenant', '--to-db', 'roady', '--data', target.data, '--batch', '20'],
      (started) => (child = started),
    ));
    killed.push(status);
  }
  proxy.close();
  assert.equal(killed.pop(), 0);
  assert.ok(killed.length >= 3, `killed ${killed.length} times`);
  await target.start();
  assert.deepEqual(await (await viewOf(alice)).leaves(), await source.leaves());
  const { body } = await alice.request('GET', '/roady');
  assert.equal(body.doc_count, docs.length);
}));

onEachSource('what is left out is told with its reason', async (source, target) => {
  const alice = await new User(target, 'alice').signIn();
  const lost = await createTenant(alice, 'Lost');
  await alice.request('DELETE', `/__tenants/${lost}`);
  await target.stop();
  await source.write([
    { _id: 'fine', tenant: a },
    { _id: 'short', tenant: 'alice_personal', n: 1 },
    { _id: 'no-field' },
    { _id: 'no-text', tenant: [a] },
    { _id: '_design/code', views: { v: { map: 'function (doc) {}' } } },
    { _id: '_design/of-alice', tenant: a, filters: { f: 'function (doc) {}' } },
    { _id: 'of-nobody', tenant: 'tenant_nobody' },
    { _id: 'of-the-lost', tenant: lost },
    { _id: 'long', tenant: a, text: 'x'.repeat(5_000) },
    { _id: 'heavy', tenant: a, _attachments: { z: { content_type: 'application/zip', data: bytes('x'.repeat(30_000)) } } },
  ]);
  await source.replicateIn([
    { _id: 'two-tenants', tenant: a, _revisions: revisions('a', 'r') },
    { _id: 'two-tenants', tenant: 'tenant_nobody', _revisions: revisions('n', 'r') },
    { _id: 'two-tenants', _deleted: true, _revisions: revisions('t', 's', 'r') },
    { _id: 'tombstone-alone', _deleted: true, _revisions: revisions('b', 'a') },
  ]);
  const file = path.join(target.folder, 'left-out.jsonl');
  const { status, output, errors } = await imported(source, target, '--report', file,
    '--limits-max-document-size', '4096', '--limits-max-attachment', '20000');
  assert.equal(status, 3, errors + output);
  const listed = (await readFile(file, 'utf8')).trim().split('\n').map((line) => JSON.parse(line));
  const reasons = Object.fromEntries(listed.map(({ id, reason }) => [id, reason]));
  assert.deepEqual(reasons, {
    'no-field': 'no_tenant',
    'no-text': 'no_tenant',
    '_design/code': 'design_document',
    '_design/of-alice': 'design_document',
    'of-nobody': 'missing_tenant',
    'of-the-lost': 'deleted_tenant',
    long: 'too_large',
    heavy: 'too_large',
    'two-tenants': 'missing_tenant',
    'tombstone-alone': 'deleted_without_tenant',
  });
  assert.deepEqual(listed.filter(({ id }) => id === 'two-tenants').map(({ rev }) => rev).sort(), ['2-n', '3-t']);
  assert.match(output, /\n +3 of tenants that do not exist: "of-nobody" \("tenant_nobody"\)/);

  await target.start();
  const view = await viewOf(alice);
  const { rows } = await view.request('GET', '/_all_docs');
  assert.deepEqual(rows.map(({ id }) => id), ['fine', 'short', 'two-tenants']);
  const { body: short } = await alice.request('GET', '/roady/short');
  assert.equal(short.tenant, a);
  const edited = await alice.request('PUT', '/roady/short', { json: { ...short, n: 2 } });
  assert.equal(edited.status, 201);
  const { body: both } = await alice.request('GET', '/roady/two-tenants?open_revs=all');
  assert.deepEqual(both.map(({ ok }) => ok._rev).sort(), ['2-a', '3-t']);
});

onEachSource('documents of tenants that do not exist yet wait for them', async (source, target) => {
  await target.stop();
  await source.write([{ _id: 'early', tenant: 'tenant_carol_personal' }]);
  const first = await imported(source, target);
  assert.equal(first.status, 3, first.errors);
  const second = await imported(source, target, '--allow-missing-tenants', '--from-start');
  assert.equal(second.status, 0, second.errors);
  await target.start();
  const carol = await new User(target, 'carol').signIn();
  assert.equal((await carol.request('GET', '/roady/early')).status, 200);
});

test('users and tenants come as a whole, and what belongs to them after', { timeout }, withServer(async (old, t) => {
  const alice = await new User(old, 'alice').signIn();
  const band = await createTenant(alice, 'Band');
  await alice.request('PUT', `/__tenants/${band}`, { json: { name: 'The Band' } });
  const system = new Database(`${old.url}/couch-sitter`, await old.administrator());
  const shared = await new Database(`${old.url}/shared`, await old.administrator()).create();
  await shared.write([{ _id: 'gig', tenant: band }]);
  await withServer(async (target) => {
    await target.stop();
    const users = await run(['--from', system.urlWithPassword, '--whole', '--data', target.data]);
    assert.equal(users.status, 0, users.errors);
    const { status, output } = await imported(shared, target);
    assert.equal(status, 0, output);
    const check = await target.checkStore();
    assert.equal(check.status, 0, check.output);
    await target.start();
    const again = new User(target, 'alice');
    const { body: tenants } = await again.request('GET', '/__tenants');
    assert.deepEqual(tenants.map(({ name }) => name).sort(), ['The Band', "alice's Workspace"]);
    assert.equal((await again.request('GET', `/__tenants/${band}/roady/gig`)).status, 200);
    const made = await new Database(`${target.url}/couch-sitter`, await target.administrator()).leaves(({ id }) => id === band);
    assert.deepEqual(made, await system.leaves(({ id }) => id === band));
  })(t);
}));

// --- sources that are none

/** A server before `database` that hands requests on; `meddle(request, response)` is true where it has answered. */
async function startProxy(database, meddle) {
  const server = http.createServer(async (request, response) => {
    if (meddle(request, response)) return;
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { host, connection, 'transfer-encoding': coding, 'content-length': length, ...headers } = request.headers;
    const answer = await fetch(new URL(database.url).origin + request.url, {
      method: request.method,
      headers,
      body: chunks.length > 0 ? Buffer.concat(chunks) : undefined,
    });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = database.url.replace(new URL(database.url).host, `127.0.0.1:${server.address().port}`);
  return Object.assign(new Database(url, database.headers.authorization), {
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
}

function answering(status, type, text) {
  return (request, response) => {
    response.writeHead(status, { 'content-type': type });
    response.end(text);
    return true;
  };
}

const json = 'application/json';
const strangers = [
  ['a page of HTML', answering(200, 'text/html; charset=utf-8', '<h1>Sign in</h1>'), /answers with "text\/html; charset=utf-8" where CouchDB answers with JSON/],
  ['another service', answering(200, json, '{"hello":"world"}'), /is no CouchDB database: its answer has no "db_name"/],
  ['what is called JSON', answering(200, json, 'certainly'), /is no CouchDB database/],
  ['a redirection', answering(302, 'text/html', ''), /answers with status 302/],
  ['an error for good', answering(501, json, '{"error":"x","reason":"never"}'), /answers with status 501: "never"/],
  ['an answer that is cut', (request, response) => {
    response.writeHead(200, { 'content-type': json, 'content-length': 1000 });
    response.write('{"db_name":');
    setTimeout(() => response.socket.destroy(), 50);
    return true;
  }, /cannot be read: no answer from 127\.0\.0\.1: partial message/],
  ['changes that are cut', (request, response) => {
    if (!request.url.includes('_changes')) return false;
    response.writeHead(200, { 'content-type': json });
    response.write('{"results":[');
    setTimeout(() => response.socket.destroy(), 50);
    return true;
  }, /cannot be read: no answer from 127\.0\.0\.1: partial message/],
  ['changes of another form', (request, response) =>
    request.url.includes('_changes') && answering(200, json, '{"rows":[]}')(request, response),
  /is no CouchDB database: _changes has an unknown form/],
  ['an error in the middle', (request, response) =>
    request.url.includes('_bulk_get') && answering(403, json, '{"error":"forbidden","reason":"no more"}')(request, response),
  /refuses the user name and password: "no more"/],
  ['no revisions', (request, response) =>
    request.url.includes('_bulk_get') && answering(200, json, '{}')(request, response),
  /the source's answer to _bulk_get has an unknown form/],
];

for (const [name, meddle, complaint] of strangers) {
  test(`a source that is none, ${name}, is told so`, { timeout }, withMycouchSource(async (source, target) => {
    await usersOf(target);
    await source.write([{ _id: 'x', tenant: a }]);
    const proxy = await startProxy(source, meddle);
    const { status, output, errors } = await imported(proxy, target);
    proxy.close();
    assert.equal(status, 1, output);
    assert.match(errors, complaint);
    assert.equal(output, '');
  }));
}

test('a source that falters for a moment is asked again', { timeout }, withMycouchSource(async (source, target) => {
  await usersOf(target);
  await source.write([{ _id: 'x', tenant: a }]);
  let failures = 2;
  const proxy = await startProxy(source, (request, response) =>
    request.url.includes('_bulk_get') && failures-- > 0 && answering(503, json, '{}')(request, response));
  const { status, errors } = await imported(proxy, target);
  proxy.close();
  assert.equal(status, 0, errors);
}));

test('one document whose JSON is refused does not keep the others out', { timeout }, withMycouchSource(async (source, target) => {
  await usersOf(target);
  await source.write(['p', 'q', 'r', 's', 't'].map((_id) => ({ _id, tenant: a })));
  const proxy = await startProxy(source, (request, response) => {
    if (!request.url.includes('_bulk_get')) return false;
    let body = '';
    request.on('data', (text) => (body += text)).on('end', async () => {
      const answer = await source.fetch('POST', '/_bulk_get?revs=true', { json: JSON.parse(body) });
      const text = (await answer.text()).replace('"_id":"r"', '"twice":1,"twice":2,"_id":"r"');
      answering(200, json, text)(request, response);
    });
    return true;
  });
  const { status, output } = await imported(proxy, target);
  proxy.close();
  assert.equal(status, 3, output);
  assert.match(output, /^Brought in: 4 documents .*\n.*\n +1 malformed: "r" \(".*twice.*"\)\n/);
}));

test('a wrong password, a database that is not there, and nobody who listens are told apart', { timeout }, withMycouchSource(async (source, target) => {
  await usersOf(target);
  const wrong = await imported(source.urlWithPassword.replace(/:[^:@]+@/, ':wrong@'), target);
  assert.equal(wrong.status, 1);
  assert.match(wrong.errors, /refuses the user name and password/);
  const nowhere = await imported(source.urlWithPassword.replace('/shared', '/nowhere'), target);
  assert.equal(nowhere.status, 1);
  assert.match(nowhere.errors, /there is no such database/);
  const nobody = await imported('http://127.0.0.1:1/shared', target);
  assert.equal(nobody.status, 1);
  assert.match(nobody.errors, /Connection refused/);
}));

test('flags that make no sense, and a store in use, are refused before anything is asked', { timeout }, withServer(async (server) => {
  const data = ['--data', server.data];
  const secret = 'http://admin:secret@127.0.0.1:1/shared';
  for (const [args, complaint] of [
    [['--from', secret, ...data], /either --tenant-field .* or --whole/],
    [['--from', secret, '--tenant-field', 'tenant', '--whole', ...data], /either --tenant-field .* or --whole/],
    [['--from', 'http://admin:secret@127.0.0.1:1/', '--whole', ...data], /must end with the name of a database/],
    [['--from', 'ftp://admin:secret@127.0.0.1:1/x', '--whole', ...data], /not an http or https URL/],
    [['--from', secret, '--whole', '--to-db', 'Shared', ...data], /--to-db: Shared:/],
    [['--from', secret, '--tenant-field', 'tenant', '--to-db', 'couch-sitter', ...data], /it comes with --whole/],
    [['--from', secret, '--whole', '--batch', '0', ...data], /--batch/],
  ]) {
    const { status, errors } = await run(args);
    assert.equal(status, 2, errors);
    assert.match(errors, complaint);
    assert.doesNotMatch(errors, /secret/);
  }
  const inUse = await run(['--from', secret, '--whole', ...data]);
  assert.equal(inUse.status, 1);
  assert.match(inUse.errors, /a server is running on it/);
  await server.stop();
  const typo = await run(['--from', secret, '--tenant-field', 'tenant', '--data', path.join(server.folder, 'tpyo')]);
  assert.equal(typo.status, 1);
  assert.match(typo.errors, /there is no store in that folder/);
}));
