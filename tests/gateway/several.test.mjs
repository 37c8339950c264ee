// Two gateways over one CouchDB: whichever of them a client is sent to, it finds the same, and what both do at once agrees.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Exchange } from '../harness/exchange.mjs';
import { withGateways } from '../harness/gateways.mjs';
import { liveSync, localDatabase, remoteDatabase, revisions } from '../harness/pouch.mjs';
import { accept, createTenant, invite, User } from '../harness/users.mjs';
import { eventually } from '../harness/wait.mjs';

const timeout = 300_000;
const seconds = 120;

const repeat = (count, make) => Promise.all(Array.from({ length: count }, (_, i) => make(i)));

function tally(answers) {
  const counts = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** As a client does that is told to come again. */
async function patiently(request) {
  for (;;) {
    const answer = await request();
    if (answer.status !== 503) return answer;
    assert.ok(answer.headers.get('retry-after'));
  }
}

function expect(status, answer) {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  return answer.body;
}

/** One person at each gateway. */
function everywhere(gateways, sub) {
  return gateways.all.map((gateway) => new User(gateway, sub));
}

test('a first-time user who comes through both at once is set up once', { timeout }, withGateways(2, async (gateways) => {
  for (let round = 0; round < 5; ++round) {
    const users = everywhere(gateways, `crowd${round}`);
    const answers = await repeat(20, (i) => users[i % 2].request('POST', '/__bootstrap', { json: {} }));
    assert.deepEqual(tally(answers), { 200: 20 });
    assert.equal(answers.filter(({ body }) => body.bootstrapped).length, 1, 'one of them has set the user up');
    for (const user of users) {
      const tenants = expect(200, await user.request('GET', '/__tenants'));
      assert.deepEqual(tenants.map(({ _id }) => _id), [user.personalTenant]);
    }
  }
  await gateways.agree();
}));

test('changes of one tenant through both gateways are all there, or refused', { timeout }, withGateways(2, async (gateways, a, b) => {
  const [alice, aliceAtB] = everywhere(gateways, 'alice');
  const bob = await new User(b, 'bob').signIn();
  await alice.signIn();
  const band = await createTenant(alice, 'Band');
  await invite(alice, bob, band, 'admin');
  const fans = await repeat(12, (i) => new User(gateways.all[i % 2], `fan${i}`).signIn());
  const tokens = await repeat(fans.length, async (i) => {
    const inviter = [alice, bob][i % 2];
    return expect(201, await inviter.request('POST', `/__tenants/${band}/invitations`, { json: { role: 'member' } })).token;
  });

  const renames = [alice, aliceAtB].flatMap((who) => Array.from({ length: 6 }, (_, i) => async () =>
    who.request('PUT', `/__tenants/${band}`, { json: { metadata: { [`${who.sub}-${gateways.all.indexOf(who.server)}-${i}`]: i } } })));
  const roles = Array.from({ length: 12 }, (_, i) => async () =>
    [alice, aliceAtB][i % 2].request('PUT', `/__tenants/${band}/members/bob`, { json: { role: 'admin' } }));
  const joins = fans.flatMap((fan, i) => [
    async () => accept(fan, tokens[i]),
    async () => accept(new User(gateways.all[(i + 1) % 2], fan.sub), tokens[i]),
  ]);
  const [renamed, changed, joined] = await Promise.all([renames, roles, joins].map((deeds) => Promise.all(deeds.map(patiently))));
  assert.deepEqual(tally(renamed), { 200: renames.length });
  assert.deepEqual(tally(changed), { 200: roles.length });
  assert.ok(joined.every(({ status }) => status === 200 || status === 404), JSON.stringify(joined.map(({ status, body }) => [status, body.reason])));

  const members = ['user_alice', 'user_bob', ...fans.map(({ id }) => id)].sort();
  for (const who of [alice, aliceAtB]) {
    await eventually('each gateway shows all of it', async () => {
      const tenant = expect(200, await who.request('GET', `/__tenants/${band}`));
      assert.deepEqual([...tenant.userIds].sort(), members);
      assert.equal(Object.keys(tenant.metadata).length, renames.length, 'no rename has undone another');
      return true;
    }, { seconds });
  }
  await gateways.agree();
}));

test('one who transfers, and one who removes, at the same time leave one owner who is a member', { timeout }, withGateways(2, async (gateways, a, b) => {
  const everyone = [new User(a, 'alice'), new User(b, 'bob'), new User(a, 'carol'), new User(b, 'dave')];
  await Promise.all(everyone.map((who) => who.signIn()));
  const band = await createTenant(everyone[0], 'Band');
  for (const who of everyone.slice(1)) await invite(everyone[0], who, band, 'admin');
  const deeds = [
    (who, whom) => who.request('PUT', `/__tenants/${band}/members/${whom.sub}`, { json: { role: 'member' } }),
    (who, whom) => who.request('PUT', `/__tenants/${band}/members/${whom.sub}`, { json: { role: 'admin' } }),
    (who, whom) => who.request('POST', `/__tenants/${band}/transfer`, { json: { userId: whom.id } }),
    (who) => who.request('PUT', `/__tenants/${band}`, { json: { name: `${who.sub}'s` } }),
    (who, whom) => who.request('DELETE', `/__tenants/${band}/members/${whom.sub}`),
  ];
  const answers = await repeat(60, (i) => deeds[i % deeds.length](everyone[i % 4], everyone[(i * 7 + 1) % 4]));
  const allowed = new Set([200, 400, 403, 404, 409]);
  assert.deepEqual(answers.filter(({ status }) => !allowed.has(status)).map(({ status, body }) => [status, body]), []);
  const tenant = expect(200, await a.asAdministrator('GET', `/__tenants/${band}`));
  const owners = Object.entries(tenant.members).filter(([, { role }]) => role === 'owner').map(([id]) => id);
  assert.deepEqual(owners, [tenant.userId]);
  assert.deepEqual([...tenant.userIds].sort(), Object.keys(tenant.members).sort());
  await gateways.agree();
}));

test('a member who is removed through one gateway is out at the other, and their feed there ends', { timeout }, withGateways(2, async (gateways, a, b, t) => {
  const alice = await new User(a, 'alice').signIn();
  const bob = await new User(b, 'bob').signIn();
  const band = await createTenant(alice, 'Band');
  const database = `/__tenants/${band}/roady`;
  const took = [];
  for (let round = 0; round < 5; ++round) {
    await invite(alice, bob, band);
    await eventually('the member is let in', async () => (await bob.request('GET', `${database}/`)).status === 200, { seconds });
    const feed = Exchange.get(b, `${database}/_changes?feed=continuous&since=now&heartbeat=60000`, await bob.token());
    await feed.begun();
    expect(200, await alice.request('DELETE', `/__tenants/${band}/members/bob`));
    const removed = performance.now();
    await eventually('the member is out', async () => (await bob.request('GET', `${database}/`)).status === 403, { seconds, every: 1 });
    took.push(performance.now() - removed);
    await eventually('the feed ends', () => feed.ended, { seconds });
    assert.match(feed.text, /"last_seq"/);
  }
  t.diagnostic(`a removal takes effect at the other gateway after ${took.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  assert.ok(Math.max(...took) < 5000, `${took} ms`);
}));

test('a role that is taken through one gateway is gone at the other', { timeout }, withGateways(2, async (gateways, a, b) => {
  const alice = await new User(a, 'alice').signIn();
  const bob = await new User(b, 'bob').signIn();
  await invite(alice, bob, alice.personalTenant);
  const write = async () => (await bob.request('POST', `/__tenants/${alice.personalTenant}/roady`, { json: {} })).status;
  await eventually('the member writes', async () => (await write()) === 201, { seconds });
  expect(200, await alice.request('PUT', `/__tenants/${alice.personalTenant}/members/bob`, { json: { role: 'viewer' } }));
  await eventually('the viewer does not', async () => (await write()) === 403, { seconds });
  assert.equal(await write(), 403);
}));

test('a write through one gateway comes in the feeds of the other, in their order and once', { timeout }, withGateways(2, async (gateways, a, b) => {
  const alice = await new User(a, 'alice').signIn();
  const aliceAtB = new User(b, 'alice');
  const mallory = await new User(b, 'mallory').signIn();
  const feed = Exchange.get(b, '/roady/_changes?feed=continuous&since=0&heartbeat=60000', await aliceAtB.token());
  const stranger = Exchange.get(b, '/roady/_changes?feed=continuous&since=0&heartbeat=60000', await mallory.token());
  await Promise.all([feed.begun(), stranger.begun()]);
  const ids = Array.from({ length: 50 }, (_, i) => `song-${i}`);
  for (const id of ids) expect(201, await alice.request('PUT', `/roady/${id}`, { json: {} }));
  const rows = ({ text }) => text.split('\n').filter((line) => line.trim()).map((line) => JSON.parse(line).id);
  await eventually('all have come', () => rows(feed).length >= ids.length, { seconds });
  assert.deepEqual(rows(feed), ids);
  expect(201, await mallory.request('PUT', '/roady/hers', { json: {} }));
  await eventually('the stranger sees her own', () => rows(stranger).length > 0, { seconds });
  assert.deepEqual(rows(stranger), ['hers']);
  feed.request.destroy();
  stranger.request.destroy();
}));

test('who has written through a gateway sees it at once in its feed, its counts and its list', { timeout }, withGateways(2, async (gateways, a, b) => {
  const writers = [await new User(a, 'alice').signIn(), await new User(b, 'bob').signIn()];
  await Promise.all(writers.map(async (user) => {
    let since = expect(200, await user.request('GET', '/roady/')).update_seq;
    for (let i = 0; i < 60; ++i) {
      const { id, rev } = expect(201, await user.request('PUT', `/roady/song-${i}`, { json: { i } }));
      const { results, last_seq: lastSeq } = expect(200, await user.request('GET', `/roady/_changes?since=${since}`));
      assert.deepEqual(results.map((row) => [row.id, row.changes[0].rev]), [[id, rev]], 'the feed');
      since = lastSeq;
      assert.equal(expect(200, await user.request('GET', '/roady/')).doc_count, i + 1, 'the counts');
      assert.ok(expect(200, await user.request('GET', '/roady/_all_docs')).rows.some((row) => row.id === id), 'the list');
    }
    const docs = Array.from({ length: 100 }, (_, i) => ({ _id: `bulk-${i}` }));
    expect(201, await user.request('POST', '/roady/_bulk_docs', { json: { docs } }));
    assert.equal(expect(200, await user.request('GET', `/roady/_changes?since=${since}`)).results.length, docs.length);
  }));
}));

test('PouchDB that is moved from one gateway to the other in the middle of a live sync loses nothing', { timeout }, withGateways(2, async (gateways, a, b) => {
  const people = everywhere(gateways, 'alice');
  await people[0].signIn();
  const target = `/__tenants/${people[0].personalTenant}/roady`;
  // Who stays where they are: what the one who moves must come to agree with.
  const [moving, staying] = [localDatabase(), localDatabase()];
  const stays = liveSync(staying, remoteDatabase(people[1], target));
  let writing = true;
  const writers = [moving, staying].map(async (local, who) => {
    let count = 0;
    for (; writing; ++count) {
      await local.put({ _id: `${who}-${String(count).padStart(5, '0')}` });
      if (count % 7 === 6) await local.remove(await local.get(`${who}-${String(count - 6).padStart(5, '0')}`));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return count;
  });
  for (let move = 0; move < 6; ++move) {
    const before = Object.keys(await revisions(moving)).length;
    const sync = liveSync(moving, remoteDatabase(people[move % 2], target));
    await eventually('the sync is under way', async () => Object.keys(await revisions(moving)).length > before + 20, { seconds });
    await sync.end();
  }
  writing = false;
  const written = (await Promise.all(writers)).reduce((sum, count) => sum + count - Math.floor(count / 7), 0);
  const sync = liveSync(moving, remoteDatabase(people[0], target));
  await eventually('both hold all of it', async () => {
    const held = await revisions(moving);
    assert.equal(Object.keys(held).length, written);
    assert.deepEqual(await revisions(staying), held);
    return true;
  }, { seconds, every: 100 });
  await Promise.all([sync.end(), stays.end()]);
}));

test('a sequence of one gateway is good at the other: nothing is missed', { timeout }, withGateways(2, async (gateways, a, b) => {
  const [alice, aliceAtB] = everywhere(gateways, 'alice');
  await alice.signIn();
  for (let i = 0; i < 20; ++i) expect(201, await alice.request('PUT', `/roady/song-${i}`, { json: {} }));
  const { last_seq: since } = expect(200, await alice.request('GET', '/roady/_changes'));
  expect(201, await alice.request('PUT', '/roady/last', { json: {} }));
  await eventually('the other gateway shows what came since', async () => {
    const { results } = expect(200, await aliceAtB.request('GET', `/roady/_changes?since=${encodeURIComponent(since)}`));
    return results.some(({ id }) => id === 'last');
  }, { seconds });
}));

test('a gateway that is killed while it changes users and tenants leaves what another one mends', { timeout }, withGateways(2, async (gateways, a, b) => {
  const alice = await new User(b, 'alice').signIn();
  const band = await createTenant(alice, 'Band');
  for (let round = 0; round < 4; ++round) {
    const acknowledged = [];
    let killed = false;
    const busy = repeat(8, async (who) => {
      const user = new User(a, `fan${round}-${who}`);
      for (let i = 0; !killed; ++i) {
        try {
          const name = `${round}-${who}-${i}`;
          const { status, body } = await user.request('POST', '/__tenants', { json: { name } });
          if (status === 201) acknowledged.push({ user, id: body._id, name });
        } catch {
          // The gateway is dead.
        }
      }
    });
    await eventually('tenants are being made', () => acknowledged.length > 8 + round, { seconds, every: 1 });
    await a.kill();
    killed = true;
    await busy;

    // The other one goes on, at once or after a while.
    await eventually('the other gateway changes tenants', async () => (await alice.request('PUT', `/__tenants/${band}`, { json: { metadata: { [round]: true } } })).status === 200, { seconds });
    await gateways.agree();
    for (const { user, id, name } of acknowledged) {
      const found = await new User(b, user.sub).request('GET', `/__tenants/${id}`);
      assert.equal(expect(200, found).name, name, 'what was acknowledged is there');
    }
    await a.start();
  }
  assert.deepEqual(Object.keys(expect(200, await alice.request('GET', `/__tenants/${band}`)).metadata), ['0', '1', '2', '3']);
}));
