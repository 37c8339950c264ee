// `mycouch copy`: what one store holds comes to another one, as it is, and both are compared.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { Database } from '../harness/couch.mjs';
import { binary, withServer } from '../harness/server.mjs';
import { User, createTenant, invite } from '../harness/users.mjs';

const timeout = 120_000;

/** Runs the command: `{status, output, errors}`. `whileRunning` gets the process. */
async function run(args, { whileRunning = () => {}, environment = {} } = {}) {
  const child = spawn(binary, ['copy', ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  whileRunning(child);
  const [code, signal] = await once(child, 'close');
  return { status: signal ?? code, output, errors };
}

function storeOf(server) {
  return `rocksdb:${path.join(server.data, 'store')}`;
}

async function copy(source, target, ...args) {
  return run(['--from', storeOf(source), '--to', storeOf(target), ...args]);
}

/** A body with a running server, and a second one that has never stored anything and is stopped. */
function withTwo(body) {
  return withServer((source, t) => withServer(async (target) => {
    await target.stop();
    await rm(path.join(target.data, 'store'), { recursive: true });
    await body(source, target, t);
  })(t));
}

async function tenantOf(server, tenant, database = 'roady') {
  return new Database(`${server.url}/__tenants/${tenant}/${database}`, await server.administrator());
}

function revisions(...hashes) {
  return { start: hashes.length, ids: hashes };
}

function bytes(text) {
  return Buffer.from(text).toString('base64');
}

const a = 'tenant_alice_personal';
const b = 'tenant_bob_personal';

/** Users with a tenant in common, and all that a long life leaves behind. */
async function fill(server) {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map((sub) => new User(server, sub).signIn()));
  const band = await createTenant(alice, 'The Band');
  await invite(alice, bob, band);
  const ofAlice = await tenantOf(server, a);
  const [rev] = await ofAlice.write([{ _id: 'song', n: 1, _attachments: {
    'score.bin': { content_type: 'application/octet-stream', data: bytes('\0\x01\x02'.repeat(1000)) },
    'lyrics é/1.txt': { content_type: 'text/plain', data: bytes('la '.repeat(100_000)) },
  } }]);
  await ofAlice.write([{ _id: 'song', _rev: rev, n: 2, _attachments: {
    'score.bin': { stub: true, revpos: 1, content_type: 'application/octet-stream' },
    'lyrics é/1.txt': { stub: true, revpos: 1, content_type: 'text/plain' },
  } }]);
  await ofAlice.replicateIn([
    { _id: 'conflict', n: 1, _revisions: revisions('b', 'a') },
    { _id: 'conflict', n: 2.50, _revisions: revisions('c', 'a'), _attachments: { x: { content_type: 'image/png', data: bytes('pixels') } } },
    { _id: 'conflict', _deleted: true, _revisions: revisions('e', 'd', 'a') },
    { _id: 'stemmed', _revisions: { start: 70, ids: ['h', 'g'] } },
    { _id: 'é/ü +%', _revisions: revisions('1') },
  ]);
  const ofBob = await tenantOf(server, b);
  const { rev: film } = await ofBob.request('PUT', '/film', { json: {} });
  await ofBob.fetch('PUT', `/film/video?rev=${film}`, { body: Buffer.alloc(9 << 20, 'frame '), headers: { 'content-type': 'video/mp4' } });
  const [gone] = await ofBob.write([{ _id: 'gone' }]);
  await ofBob.request('DELETE', `/gone?rev=${gone}`);
  await (await tenantOf(server, band)).write(Array.from({ length: 1200 }, (_, i) => ({ _id: `gig-${i}`, i, text: 'x'.repeat(1000) })));
  for (const [who, id] of [[alice, 'of-alice'], [bob, 'of-bob']]) {
    assert.equal((await who.request('PUT', `/roady/_local/${id}`, { json: { last_seq: 7 } })).status, 201);
    assert.equal((await who.request('PUT', `/__users/_local/${id}`, { json: { last_seq: 8 } })).status, 201);
  }
  const plain = await new Database(`${server.url}/plain`, await server.administrator()).create();
  await plain.write([{ _id: 'of-no-tenant' }]);
  await plain.request('PUT', '/_revs_limit', { body: '17' });
  await plain.request('PUT', '/_security', { json: { members: { roles: ['x'] } } });
  await plain.request('PUT', '/_local/checkpoint', { json: { at: 1 } });
  return { alice, bob, band };
}

/** All that clients see, by who sees it. */
async function seen(server, { band, alice, bob }) {
  const administrator = await server.administrator();
  const databases = [['couch-sitter'], ['plain'], [`__tenants/${a}/roady`], [`__tenants/${b}/roady`], [`__tenants/${band}/roady`]];
  const all = {};
  for (const [name] of databases) {
    const database = new Database(`${server.url}/${name}`, administrator);
    all[name] = await database.leaves();
    const { rows } = await database.request('GET', '/_local_docs?include_docs=true');
    all[`${name}/_local_docs`] = rows.map(({ doc }) => doc).filter(({ _id }) => _id !== '_local/mycouch-copy');
  }
  const plain = new Database(`${server.url}/plain`, administrator);
  all.limits = [await plain.request('GET', '/_revs_limit'), await plain.request('GET', '/_security')];
  for (const { sub } of [alice, bob]) {
    const user = new User(server, sub);
    for (const target of ['/__users/_all_docs?include_docs=true', '/__tenants', `/__users/_local/of-${sub}`, `/roady/_local/of-${sub}`]) {
      all[`${sub} ${target}`] = (await user.request('GET', target)).body;
    }
  }
  return all;
}

async function auditTrail(server) {
  const { status, body } = await server.asAdministrator('GET', '/__audit?limit=1000');
  assert.equal(status, 200, JSON.stringify(body));
  return body.records ?? body;
}

test('clients of the copy see what those of the source see, to the last revision', { timeout }, withTwo(async (source, target) => {
  const people = await fill(source);
  const before = await seen(source, people);
  const trail = await auditTrail(source);
  const { status, output, errors } = await copy(source, target);
  assert.equal(status, 0, errors + output);
  assert.match(output, /^Copied: \d+ documents \(\d+ revisions, 4 attachments\)/);
  assert.match(output, /\nCompared: 3 databases, \d+ tenants in them, .* all alike\n$/);
  assert.match(errors, /documents copied, 100 %/);
  assert.match(errors, /documents compared, 100 %/);
  await source.stop();
  await target.start();
  assert.deepEqual(await seen(target, people), before);
  const copied = await auditTrail(target);
  assert.ok(trail.length > 3);
  assert.deepEqual(copied.slice(-trail.length), trail);
}));

test('a copy that is made again brings what is new, and says when there is nothing', { timeout }, withTwo(async (source, target) => {
  const people = await fill(source);
  await copy(source, target);
  const idle = await copy(source, target);
  assert.match(idle.output, /^Nothing new\.\n/);
  const ofAlice = await tenantOf(source, a);
  const song = await ofAlice.request('GET', '/song');
  await ofAlice.write([{ ...song, n: 3 }, { _id: 'new' }]);
  await people.alice.request('PUT', '/roady/_local/later', { json: { last_seq: 9 } });
  const second = await copy(source, target);
  assert.equal(second.status, 0, second.errors);
  assert.match(second.output, /^Copied: 2 documents \(2 revisions, 0 attachments\), 1 local documents, 0 records/);
  const again = await copy(source, target, '--from-start');
  assert.match(again.output, /^Nothing new\.\n/);
  const before = await seen(source, people);
  await source.stop();
  await target.start();
  assert.deepEqual(await seen(target, people), before);
}));

/** Bytes of a folder's files. */
async function sizeOf(folder) {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(names.map((name) => stat(path.join(folder, name)).then(({ size }) => size, () => 0)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Ends the process once the folder has grown by so much. */
async function killAtGrowth(child, folder, growth) {
  const before = await sizeOf(folder);
  while (child.exitCode === null && (await sizeOf(folder)) < before + growth) {
    // Until either comes true.
  }
  child.kill('SIGKILL');
}

test('a copy that is killed at any moment is gone on with', { timeout }, withTwo(async (source, target) => {
  const people = await fill(source);
  const before = await seen(source, people);
  const folder = path.join(target.data, 'store');
  for (const growth of [100_000, 300_000, 4_000_000]) {
    const { status, errors } = await run(['--from', storeOf(source), '--to', storeOf(target)], {
      whileRunning: (child) => killAtGrowth(child, folder, growth),
    });
    assert.equal(status, 'SIGKILL', errors);
  }
  const { status, output, errors } = await copy(source, target);
  assert.equal(status, 0, errors);
  const sent = Number(/^Copied: (\d+) documents/.exec(output)?.[1] ?? 0);
  const compared = Number(/, (\d+) documents,/.exec(output)[1]);
  assert.ok(sent < compared, output);
  await target.start();
  assert.deepEqual(await seen(target, people), before);
}));

test('the source serves meanwhile, and its writes come with the next run', { timeout }, withTwo(async (source, target) => {
  const people = await fill(source);
  const ofBob = await tenantOf(source, b);
  let ended = false;
  let written = 0;
  const writer = (async () => {
    while (!ended) await ofBob.write([{ _id: `during-${written++}` }]);
  })();
  for (let i = 0; i < 3; ++i) {
    const { status, output, errors } = await copy(source, target);
    assert.equal(status, 0, errors + output);
  }
  ended = true;
  await writer;
  assert.ok(written > 0);
  const last = await copy(source, target);
  assert.equal(last.status, 0, last.errors);
  const before = await seen(source, people);
  await target.start();
  assert.deepEqual(await seen(target, people), before);
}));

test('what differs is named, with its tenant, and the status tells', { timeout }, withTwo(async (source, target) => {
  await fill(source);
  await copy(source, target);
  await target.start();
  const altered = await tenantOf(target, b);
  const film = await altered.request('GET', '/film');
  await altered.write([{ ...film, n: 'altered' }]);
  await target.stop();
  const { status, output, errors } = await copy(source, target, '--verify');
  assert.equal(status, 3, output);
  assert.match(errors, /differs: database "roady", tenant "tenant_bob_personal": the source has 2 documents and 1 local ones, the target 2 documents and 1 local ones; 1 differ: "film"\n/);
  assert.doesNotMatch(errors, /alice/);
  assert.match(output, /^Compared: .*: 1 differences\n$/);
}));

test('a body, an attachment, a local document, a setting and a whole database that differ are found', { timeout }, withTwo(async (source, target) => {
  await fill(source);
  await copy(source, target);
  await target.start();
  const plain = new Database(`${target.url}/plain`, await target.administrator());
  await plain.request('PUT', '/_revs_limit', { body: '18' });
  const mine = await tenantOf(target, a);
  // The same revision with another body, which only a broken copy could make.
  await mine.request('POST', '/_purge', { json: { 'é/ü +%': ['1-1'] } });
  await mine.replicateIn([{ _id: 'é/ü +%', other: true, _revisions: revisions('1') }]);
  await mine.request('PUT', '/_local/of-alice', { json: { last_seq: 70, _rev: '0-1' } });
  await target.stop();
  await new Database(`${source.url}/unknown-there`, await source.administrator()).create();
  const { status, errors } = await copy(source, target, '--verify');
  assert.equal(status, 3);
  assert.match(errors, /differs: database "plain": its settings\n/);
  assert.match(errors, /tenant "tenant_alice_personal": .*; 2 differ: "_local\/of-alice", "é\/ü \+%"\n/);
  assert.match(errors, /differs: database "unknown-there": the target has none\n/);
}));

test('flags that make no sense, stores that are not there, and a target in use are refused', { timeout }, withServer(async (server) => {
  const store = storeOf(server);
  const elsewhere = `rocksdb:${path.join(server.folder, 'elsewhere')}`;
  for (const [args, status, complaint] of [
    [['--from', store, '--to', store], 2, /the same store/],
    [['--from', store, '--to', `${store}/.`], 2, /the same store/],
    [['--from', store], 2, /--to is required/],
    [['--from', store, '--to', elsewhere, '--verify', '--from-start'], 2, /has no meaning/],
    [['--from', store, '--to', elsewhere, '--verify', '--no-verify'], 2, /excludes/],
    [['--from', elsewhere, '--to', store], 1, /there is no store in that folder/],
    [['--from', store, '--to', elsewhere, '--verify'], 1, /there is no store in that folder/],
    [['--from', 'memory:', '--to', elsewhere], 1, /a store in memory is gone with its server/],
  ]) {
    const ended = await run(args);
    assert.equal(ended.status, status, ended.errors);
    assert.match(ended.errors, complaint);
  }
  const first = await run(['--from', store, '--to', elsewhere]);
  assert.equal(first.status, 0, first.errors);
  const inUse = await run(['--from', elsewhere, '--to', store]);
  assert.equal(inUse.status, 1);
  assert.match(inUse.errors, /a server is running on it/);
}));
