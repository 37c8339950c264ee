// Real PouchDB clients, syncing live through a real server: Alice and Bob are members of one tenant, Mallory is not.
// Alice reaches it as her active tenant, Bob by its name in the path.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { liveSync, localDatabase, remoteDatabase, revisions } from '../harness/pouch.mjs';
import { withServer } from '../harness/server.mjs';
import { band } from '../harness/users.mjs';
import { eventually } from '../harness/wait.mjs';

const timeout = 300_000;

async function liveBand(server, options) {
  const people = await band(server, options);
  const client = (user, target) => {
    const local = localDatabase();
    const remote = remoteDatabase(user, target);
    const connect = () => liveSync(local, remote);
    return { user, local, remote, connect, sync: connect() };
  };
  return {
    alice: client(people.alice, '/roady'),
    bob: client(people.bob, `/__tenants/${people.tenant}/roady`),
    mallory: client(people.mallory, '/roady'),
  };
}

async function end(...clients) {
  await Promise.all(clients.map(({ sync }) => sync.end()));
}

function numbered(prefix, count, extra = {}) {
  return Array.from({ length: count }, (_, i) => ({ _id: `${prefix}-${String(i).padStart(5, '0')}`, ...extra, i }));
}

async function write(client, docs) {
  const results = await client.local.bulkDocs(docs);
  assert.deepEqual(results.filter((row) => row.error), []);
  return results;
}

async function change(client, id, fields) {
  const doc = await client.local.get(id);
  return client.local.put({ ...doc, ...fields });
}

/** Both clients come to hold the same revisions of the same `count` documents. */
async function agreed(a, b, count, seconds = 120) {
  await eventually(`both hold the same ${count} documents`, async () => {
    const [ofA, ofB] = await Promise.all([revisions(a.local), revisions(b.local)]);
    assert.equal(Object.keys(ofA).length, count);
    assert.deepEqual(ofB, ofA);
    return true;
  }, { seconds, every: 100 });
}

test('5,000 documents travel both ways, and a stranger with the same ids sees none of it', { timeout }, withServer(async (server) => {
  const { alice, bob, mallory } = await liveBand(server);
  const half = 2500;
  const hers = numbered('song', 100, { by: 'mallory' });
  await Promise.all([
    write(alice, numbered('song', half, { by: 'alice' })),
    write(bob, numbered('gig', half, { by: 'bob' })),
    write(mallory, hers),
  ]);

  await agreed(alice, bob, 2 * half);
  assert.equal((await bob.local.get('song-00007')).by, 'alice');
  assert.equal((await alice.local.get('gig-02499')).by, 'bob');

  // Mallory's own have reached the server, and nothing else has reached her.
  await eventually('the stranger has pushed her documents', async () => (await mallory.remote.info()).doc_count === hers.length);
  const { rows } = await mallory.local.allDocs({ include_docs: true });
  assert.deepEqual(rows.map(({ doc }) => [doc._id, doc.by]), hers.map(({ _id }) => [_id, 'mallory']));
  const feed = await mallory.remote.changes({ since: 0, limit: 10_000 });
  assert.equal(feed.results.length, hers.length);
  assert.equal((await alice.remote.info()).doc_count, 2 * half);
  assert.equal((await alice.remote.get('song-00007')).by, 'alice');
  await end(alice, bob, mallory);
}));

test('conflicts made offline on both sides end in the same winner on both', { timeout }, withServer(async (server) => {
  const { alice, bob, mallory } = await liveBand(server);
  const docs = numbered('song', 60, { title: 'first' });
  await write(alice, docs);
  await agreed(alice, bob, docs.length);

  await end(alice, bob);
  for (const [i, { _id }] of docs.entries()) {
    await change(alice, _id, { title: `alice ${i}` });
    await change(bob, _id, { title: `bob ${i}` });
    // Of every third the longer history is Bob's, and of every fifth one side is deleted.
    if (i % 3 === 0) await change(bob, _id, { title: `bob again ${i}` });
    if (i % 5 === 0) await alice.local.remove(await alice.local.get(_id));
  }
  alice.sync = alice.connect();
  bob.sync = bob.connect();

  const state = async (client, id) => {
    const doc = await client.local.get(id, { conflicts: true });
    return { rev: doc._rev, title: doc.title, conflicts: (doc._conflicts ?? []).sort() };
  };
  for (const [i, { _id }] of docs.entries()) {
    const conflicts = i % 5 === 0 ? 0 : 1;
    await eventually(`${_id} is the same on both sides, with ${conflicts} conflicts`, async () => {
      const [onAlice, onBob] = await Promise.all([state(alice, _id), state(bob, _id)]);
      assert.deepEqual(onBob, onAlice);
      assert.equal(onAlice.conflicts.length, conflicts);
      return true;
    });
    const agreedOn = await state(alice, _id);
    assert.deepEqual(await state({ local: alice.remote }, _id), agreedOn);
    // A deleted leaf never wins; among the others the longer history does.
    if (i % 3 === 0) assert.equal(agreedOn.title, `bob again ${i}`);
    else if (i % 5 === 0) assert.equal(agreedOn.title, `bob ${i}`);
  }
  await end(alice, bob, mallory);
}));

test('deletes travel', { timeout }, withServer(async (server) => {
  const { alice, bob, mallory } = await liveBand(server);
  const docs = numbered('song', 200);
  await write(alice, docs);
  await write(mallory, docs);
  await agreed(alice, bob, docs.length);

  const gone = (await bob.local.allDocs()).rows.slice(0, 80);
  await write(bob, gone.map(({ id, value }) => ({ _id: id, _rev: value.rev, _deleted: true })));
  await agreed(alice, bob, docs.length - gone.length);
  await assert.rejects(alice.local.get(gone[0].id), { status: 404, reason: 'deleted' });
  await assert.rejects(alice.remote.get(gone[0].id), { status: 404, reason: 'deleted' });
  assert.equal((await alice.remote.info()).doc_count, docs.length - gone.length);

  // A document that was deleted may be written again.
  await alice.local.put({ _id: gone[0].id, again: true });
  await agreed(alice, bob, docs.length - gone.length + 1);
  await eventually('the stranger keeps hers', async () => (await mallory.remote.info()).doc_count === docs.length);
  await end(alice, bob, mallory);
}));

for (const [how, takeDown] of [['stopped', (server) => server.stop()], ['killed', (server) => server.kill()]]) {
  test(`a server that is ${how} and started again loses nothing, and the clients go on by themselves`, { timeout }, withServer(async (server) => {
    const { alice, bob, mallory } = await liveBand(server);
    const batches = 4;
    const perBatch = 300;
    for (let batch = 0; batch < batches; ++batch) {
      const before = (await alice.remote.info()).update_seq;
      await write(alice, numbered(`song-${batch}`, perBatch));
      await eventually('the push is under way', async () => (await alice.remote.info()).update_seq !== before, { every: 1 });
      await takeDown(server);
      await write(bob, numbered(`gig-${batch}`, perBatch));
      await server.start();
    }
    await agreed(alice, bob, 2 * batches * perBatch);
    assert.equal((await alice.remote.info()).doc_count, 2 * batches * perBatch);
    assert.equal((await mallory.local.info()).doc_count, 0);
    await end(alice, bob, mallory);
  }));
}

test('a token that expires in the middle is replaced, and nothing is skipped', { timeout }, withServer(async (server) => {
  const { alice, bob, mallory } = await liveBand(server, { expiresIn: 3 });
  const batches = 60;
  for (let batch = 0; batch < batches; ++batch) {
    const [from, to] = batch % 2 === 0 ? [alice, bob] : [bob, alice];
    const [last] = (await write(from, numbered(`song-${batch}`, 20))).slice(-1);
    await eventually(`batch ${batch} has arrived`, () => to.local.get(last.id), { every: 50 });
    await pause(200);
  }
  await agreed(alice, bob, batches * 20);
  // More than a token in each three seconds of the twelve that the batches took at least.
  for (const { user } of [alice, bob]) assert.ok(user.tokensTaken >= 4, `${user.sub} took ${user.tokensTaken} tokens`);
  await end(alice, bob, mallory);
}, { args: ['--auth-leeway', '0s'] }));
