// Two gateways over a CouchDB of three nodes, while one after the other goes away under load: each node, a gateway, then all
// nodes. Nothing that was acknowledged is lost, every client converges by itself, no request hangs, and users and tenants
// agree with each other at the end.
//
// Needs a cluster: see tests/harness/cluster.mjs. MYCOUCH_CLUSTER_WRITES: how many writes each writer has acknowledged in
// each phase (50).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import PouchDB from 'pouchdb';

import { askCluster, killNode, nodeCount, startNode, withGateways, withoutCluster } from '../harness/cluster.mjs';
import { claimsOf, Issuer } from '../harness/issuer.mjs';
import { liveSync, localDatabase, remoteDatabase, revisions } from '../harness/pouch.mjs';
import { accept } from '../harness/users.mjs';
import { eventually } from '../harness/wait.mjs';

const writesInPhase = Number(process.env.MYCOUCH_CLUSTER_WRITES ?? 50);
const nodes = Array.from({ length: nodeCount }, (_, i) => i + 1);
// Far more than any request may take: one that takes longer hangs.
const hangs = 120_000;

/** Someone whose requests go to one gateway until it cannot be reached, as a load balancer with sticky sessions sends them. */
class Person {
  constructor(name, issuer, gateways, first) {
    this.name = name;
    this.id = `user_${name}`;
    this.personalTenant = `tenant_${name}_personal`;
    this.gateways = gateways;
    this.at = first;
    this.bearer = issuer.token(claimsOf(name));
    this.server = { url: 'http://gateway.example' };
  }

  async token() {
    return this.bearer;
  }
  freshToken() {
    return this.token();
  }

  /** For PouchDB: the URL's host is whichever gateway it is now. */
  fetch = async (url, options) => {
    const at = this.at;
    try {
      return await PouchDB.fetch(String(url).replace(this.server.url, this.gateways[at].url), options);
    } catch (error) {
      if (error.name !== 'AbortError') this.at = (at + 1) % this.gateways.length;
      throw error;
    }
  };

  async request(method, target, { gateway = this.gateways[this.at], ...options } = {}) {
    return gateway.request(method, target, { authorization: `Bearer ${this.bearer}`, signal: AbortSignal.timeout(hangs), ...options });
  }

  async signIn() {
    await this.request('GET', '/roady/');
    const { status, body } = await this.request('GET', '/roady/');
    assert.equal(status, 200, JSON.stringify(body));
  }
}

/** What may be said while something is away: the server's own words, or none at all. */
function mustBeBusy({ status, headers, body }) {
  assert.equal(status, 503, `${status} ${JSON.stringify(body)}`);
  assert.match(headers.get('retry-after') ?? '', /^\d+$/, 'a 503 says when to come again');
}

/** Something that is done again and again, by each gateway in turn; the answers are counted. */
class Worker {
  acknowledged = 0;
  busy = 0;
  unanswered = 0;
  slowest = 0;
  stopped = false;

  constructor(gateways) {
    this.gateways = gateways;
  }

  async run() {
    for (let turn = 0; !this.stopped; ++turn) {
      const gateway = this.gateways[turn % this.gateways.length];
      const began = performance.now();
      let answer;
      try {
        answer = await this.act(gateway, turn);
      } catch (error) {
        if (error instanceof assert.AssertionError || error.name === 'TimeoutError') throw error;
        this.unanswered += 1; // The gateway is gone.
        await pause(20);
        continue;
      }
      this.slowest = Math.max(this.slowest, performance.now() - began);
      if (answer.status >= 400) {
        mustBeBusy(answer);
        this.busy += 1;
        await pause(20);
        continue;
      }
      this.acknowledge(answer);
      this.acknowledged += 1;
    }
  }
}

/** Writes documents of its own: a new one, or the next revision of one whose last write was acknowledged. */
class Writer extends Worker {
  known = new Map(); // id → the last acknowledged revision; one that was not answered is left alone

  constructor(person, tenant, gateways) {
    super(gateways);
    this.person = person;
    this.database = `/__tenants/${tenant}/roady`;
    this.open = [];
  }

  act(gateway, turn) {
    const again = turn % 3 === 2 ? this.open.shift() : undefined;
    this.id = again ?? `${this.person.name}-${turn}`;
    const doc = { turn, ...(again ? { _rev: this.known.get(again) } : {}) };
    return this.person.request('PUT', `${this.database}/${this.id}`, { gateway, json: doc });
  }

  acknowledge({ body }) {
    assert.equal(body.ok, true, JSON.stringify(body));
    this.known.set(this.id, body.rev);
    this.open.push(this.id);
  }
}

/** Makes tenants and names them anew: each is a change of several documents and a record in the audit trail. */
class Founder extends Worker {
  made = new Map(); // id → the turn that its acknowledged name is of

  constructor(person, gateways) {
    super(gateways);
    this.person = person;
  }

  act(gateway, turn) {
    this.turn = turn;
    this.id = turn % 10 === 0 ? undefined : [...this.made.keys()].at(-1);
    const json = { name: `Band ${turn}` };
    if (!this.id) return this.person.request('POST', '/__tenants', { gateway, json });
    return this.person.request('PUT', `/__tenants/${this.id}`, { gateway, json });
  }

  acknowledge({ body }) {
    this.made.set(this.id ?? body._id, this.turn);
  }
}

/** A device: a PouchDB that syncs live and is written to. */
class Device {
  written = 0;

  constructor(person, tenant) {
    this.person = person;
    this.local = localDatabase();
    this.sync = liveSync(this.local, remoteDatabase(person, `/__tenants/${tenant}/roady`, person.fetch));
    this.denied = [];
    this.sync.on('denied', (denied) => this.denied.push(denied));
  }

  async run() {
    while (!this.stopped) {
      await this.local.put({ _id: `device-${this.person.name}-${this.written}`, number: this.written });
      this.written += 1;
      await pause(100);
    }
  }
}

/** The other one's gateway hears of the invitation, and then of the membership, by its feed. */
async function join(inviter, invitee) {
  const tenant = inviter.personalTenant;
  const { status, body } = await inviter.request('POST', `/__tenants/${tenant}/invitations`, { json: { role: 'member' } });
  assert.equal(status, 201, JSON.stringify(body));
  await eventually('the invitation is accepted', async () => (await accept(invitee, body.token)).status === 200);
  for (const gateway of inviter.gateways) {
    await eventually('both gateways know the member', async () =>
      (await invitee.request('GET', `/__tenants/${tenant}/roady`, { gateway })).status === 200);
  }
}

test('nodes and gateways go away under load, and nothing that was acknowledged is lost', { skip: withoutCluster, timeout: 1_800_000 }, async () => {
  const issuer = new Issuer();
  await withGateways(2, issuer, async ({ gateways, prefix, checkStore }) => {
    const people = ['alice', 'bob', 'carol', 'dave'].map((name, i) => new Person(name, issuer, gateways, i % 2));
    for (const person of people) await person.signIn();
    const [alice, bob, carol, dave] = people;
    await join(alice, bob);
    await join(carol, dave);
    const founder = new Person('erin', issuer, gateways, 0);
    await founder.signIn();

    const tenantOf = (person) => (person === alice || person === bob ? alice : carol).personalTenant;
    const writers = people.map((person) => new Writer(person, tenantOf(person), gateways));
    const devices = people.map((person) => new Device(person, tenantOf(person)));
    const founding = new Founder(founder, gateways);
    const workers = [...writers, founding];
    let failure;
    const load = [...workers, ...devices].map((each) => each.run().catch((error) => (failure ??= error)));

    const progress = async (what, count = writesInPhase) => {
      const began = performance.now();
      const goals = workers.map((worker) => worker.acknowledged + (worker === founding ? Math.ceil(count / 10) : count));
      await eventually(`writes go on: ${what}`, () => {
        if (failure) throw failure;
        return workers.every(({ acknowledged }, i) => acknowledged >= goals[i]);
      }, { seconds: 300 });
      const sum = (field) => workers.reduce((total, worker) => total + worker[field], 0);
      console.log(`${what}: ${((performance.now() - began) / 1000).toFixed(1)} s; so far acknowledged ${sum('acknowledged')}, 503 ${sum('busy')}, unanswered ${sum('unanswered')}, slowest ${Math.max(...workers.map(({ slowest }) => slowest)).toFixed(0)} ms`);
      for (const worker of workers) worker.slowest = 0;
    };

    await progress('all is well');
    for (const number of nodes) {
      await killNode(number);
      await progress(`without node ${number}`);
      await startNode(number);
      await progress(`node ${number} is back`);
    }

    await gateways[0].kill();
    for (const worker of workers) worker.gateways = [gateways[1]];
    await progress('without gateway 1');
    await gateways[0].start();
    for (const worker of workers) worker.gateways = gateways;
    await progress('gateway 1 is back');

    await Promise.all(nodes.map(killNode));
    for (const gateway of gateways) {
      for (const [method, target, json] of [['GET', 'nothing'], ['PUT', 'away', {}], ['GET', '_all_docs']]) {
        const answer = await alice.request(method, `/__tenants/${alice.personalTenant}/roady/${target}`, { gateway, json });
        mustBeBusy(answer);
      }
      mustBeBusy(await alice.request('GET', '/_up', { gateway }));
    }
    await Promise.all(nodes.map(startNode));
    for (const gateway of gateways) {
      await eventually(`${gateway.name} is well`, async () => (await alice.request('GET', '/_up', { gateway })).status === 200);
    }
    await progress('after all nodes were away');

    for (const each of [...workers, ...devices]) each.stopped = true;
    await Promise.all(load);
    if (failure) throw failure;

    const began = performance.now();
    for (const tenant of [alice.personalTenant, carol.personalTenant]) {
      const own = devices.filter(({ person }) => tenantOf(person) === tenant);
      const member = own[0].person;
      const stored = async (gateway) => {
        const { status, body } = await member.request('GET', `/__tenants/${tenant}/roady/_all_docs`, { gateway });
        assert.equal(status, 200, JSON.stringify(body));
        return Object.fromEntries(body.rows.map(({ id, value }) => [id, value.rev]));
      };
      const fed = async (gateway) => {
        const { body } = await member.request('GET', `/__tenants/${tenant}/roady/_changes`, { gateway });
        return Object.fromEntries(body.results.map(({ id, changes }) => [id, changes[0].rev]));
      };
      await eventually(`the devices of ${tenant} converge`, async () => {
        const expected = await stored(gateways[0]);
        for (const { person, written } of own) {
          for (let i = 0; i < written; ++i) assert.ok(`device-${person.name}-${i}` in expected, `device-${person.name}-${i} is there`);
        }
        for (const gateway of gateways) {
          assert.deepEqual(await stored(gateway), expected);
          const feed = await fed(gateway);
          assert.deepEqual(Object.keys(feed).sort(), Object.keys(expected).sort(), `the feed of ${gateway.name}`);
          assert.deepEqual(feed, expected, `the feed of ${gateway.name}`);
        }
        for (const { local } of own) assert.deepEqual(await revisions(local), expected);
        return true;
      }, { seconds: 120, every: 500 });

      const all = await stored(gateways[0]);
      for (const writer of writers.filter(({ person }) => tenantOf(person) === tenant)) {
        for (const [id, rev] of writer.known) {
          const { body } = await member.request('GET', `/__tenants/${tenant}/roady/${id}?revs=true`);
          const known = body._revisions.ids.map((hash, i) => `${body._revisions.start - i}-${hash}`);
          assert.ok(id in all && known.includes(rev), `${id} has its acknowledged revision ${rev}: ${known}`);
        }
      }
    }
    for (const device of devices) {
      assert.deepEqual(device.denied, []);
      await device.sync.end();
    }
    for (const gateway of gateways) {
      const { body } = await founder.request('GET', '/__tenants', { gateway });
      const names = new Map(body.map(({ _id, name }) => [_id, name]));
      for (const [id, turn] of founding.made) {
        // One that was not answered may have come later.
        assert.ok(Number(/^Band (\d+)$/.exec(names.get(id))?.[1]) >= turn, `${id} is ${names.get(id)}, after turn ${turn}`);
      }
    }
    console.log(`converged ${((performance.now() - began) / 1000).toFixed(1)} s after the last write`);
    for (const name of await askCluster('GET', '/_all_dbs')) {
      if (!name.startsWith(prefix)) continue;
      const { doc_count } = await askCluster('GET', `/${encodeURIComponent(name)}`);
      console.log(`${name.slice(prefix.length)}: ${doc_count} documents upstream`);
      if (name.endsWith('-gateways')) {
        const { _conflicts: conflicts = [] } = await askCluster('GET', `/${encodeURIComponent(name)}/journal?conflicts=true`);
        console.log(`the journal: ${conflicts.length} conflicts`);
      }
    }

    for (const gateway of gateways) assert.equal(await gateway.stop(), 0);
    const { status, output } = await checkStore();
    assert.equal(status, 0, output);
    console.log(output.trim());
  });
});
