// kill -9 at random moments under write load. After each restart every acknowledged write is there, whole; a write that
// was not answered is there whole or not at all; and a reader who follows a feed across all the kills has missed nothing.
//
// MYCOUCH_KILLS: how many (100). MYCOUCH_SEED: repeats a run's random choices (not the machine's timing).
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { withServer } from '../harness/server.mjs';
import { User } from '../harness/users.mjs';

const kills = Number(process.env.MYCOUCH_KILLS ?? 100);
const seed = Number(process.env.MYCOUCH_SEED ?? Date.now() % 2 ** 31);

// Mulberry32: 32 bits of state, and enough for a test.
function randomFrom(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

// A document that shows by itself whether it is whole.
function sealed(id, version, size) {
  const text = `${id} ${version} `.padEnd(size, 'abcdefghijklmnopqrstuvwxyz');
  return { _id: id, version, text, seal: createHash('sha256').update(text).digest('hex') };
}

function isWhole(doc) {
  return doc.seal === createHash('sha256').update(doc.text).digest('hex') && doc.text.startsWith(`${doc._id} ${doc.version} `);
}

/** One tenant's database, and what is known of it. */
class Tenant {
  // id → {rev, version, deleted}: the last acknowledged state; version 0 stands for never written.
  known = new Map();
  // id → the states that writes without an answer may have made of it.
  possible = new Map();
  // A reader's copy of the feed: id → {rev, deleted}.
  followed = new Map();
  since = '0';
  acknowledged = 0;

  constructor(user) {
    this.user = user;
    this.stopped = true;
  }

  #send(method, target, json) {
    return this.user.request(method, target, { json });
  }

  /** Writes until the server goes away. Each writer has its own ids, so it knows what it writes upon. */
  async write(writer, random) {
    for (let i = 0; !this.stopped; ++i) {
      const ids = Array.from({ length: 1 + Math.floor(random() * 20) }, () => `${writer}-${Math.floor(random() * 400)}`);
      const plans = [...new Set(ids)].map((id) => this.#plan(id, random));
      try {
        if (plans.length > 3) await this.#writeMany(plans);
        else await this.#writeOne(plans[0]);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        return; // The server is gone.
      }
    }
  }

  #plan(id, random) {
    const now = this.known.get(id) ?? { version: 0, deleted: true };
    const version = now.version + 1;
    const deleted = !now.deleted && random() < 0.15;
    const size = random() < 0.05 ? 50_000 : 50 + Math.floor(random() * 1000);
    const doc = deleted ? { _id: id, version, _deleted: true } : sealed(id, version, size);
    return { id, state: { version, deleted }, doc: now.deleted ? doc : { ...doc, _rev: now.rev } };
  }

  #sent(plan) {
    this.possible.set(plan.id, plan.state);
  }

  #accepted(plan, rev) {
    this.possible.delete(plan.id);
    this.known.set(plan.id, { ...plan.state, rev });
    this.acknowledged += 1;
  }

  async #writeOne(plan) {
    this.#sent(plan);
    const target = `/roady/${plan.id}`;
    const { status, body } = plan.state.deleted
      ? await this.#send('DELETE', `${target}?rev=${plan.doc._rev}`)
      : await this.#send('PUT', target, plan.doc);
    assert.ok(status === 200 || status === 201, `${plan.id}: ${status} ${JSON.stringify(body)}`);
    this.#accepted(plan, body.rev);
  }

  async #writeMany(plans) {
    for (const plan of plans) this.#sent(plan);
    const { status, body } = await this.#send('POST', '/roady/_bulk_docs', { docs: plans.map(({ doc }) => doc) });
    assert.equal(status, 201, JSON.stringify(body));
    for (const [i, plan] of plans.entries()) {
      assert.equal(body[i].ok, true, JSON.stringify(body[i]));
      this.#accepted(plan, body[i].rev);
    }
  }

  /** Reads the feed on from where the reader stands, to its end; each page checked by itself. */
  async follow(limit) {
    for (;;) {
      const { status, body } = await this.#send('GET', `/roady/_changes?style=all_docs&limit=${limit}&since=${encodeURIComponent(this.since)}`);
      assert.equal(status, 200, JSON.stringify(body));
      let last = position(this.since);
      for (const { id, seq, changes, deleted } of body.results) {
        assert.ok(position(seq) > last, `${seq} comes after ${last}`);
        last = position(seq);
        assert.equal(changes.length, 1, `${id} has no conflicts`);
        this.followed.set(id, { rev: changes[0].rev, deleted: deleted === true });
      }
      assert.equal(new Set(body.results.map(({ id }) => id)).size, body.results.length, 'an id comes once');
      if (body.results.length > 0) assert.equal(body.last_seq, body.results.at(-1).seq);
      this.since = body.last_seq;
      if (body.results.length === 0) return;
    }
  }

  /** Reads while others write, until the server goes away. */
  async followUnderLoad(random) {
    while (!this.stopped) {
      try {
        await this.follow(1 + Math.floor(random() * 50));
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        return;
      }
      await pause(1);
    }
  }

  /** After a restart: settles what was open, then compares everything with what is known. */
  async verify() {
    await this.follow(1000);
    const { body: all } = await this.#send('GET', '/roady/_all_docs?include_docs=true');
    const stored = new Map(all.rows.map(({ doc }) => [doc._id, doc]));
    for (const doc of stored.values()) assert.ok(isWhole(doc), `${doc._id} is whole`);

    for (const [id, state] of this.possible) {
      // A write without an answer: the feed tells whether it was made. The old state is the other possibility, and is
      // compared below.
      const row = this.followed.get(id);
      if (row !== undefined && row.rev !== this.known.get(id)?.rev) this.known.set(id, { ...state, rev: row.rev });
    }
    this.possible.clear();

    const expected = [...this.known].filter(([, { deleted }]) => !deleted);
    assert.deepEqual(
      [...stored.values()].map(({ _id, _rev, version }) => [_id, _rev, version]).sort(byId),
      expected.map(([id, { rev, version }]) => [id, rev, version]).sort(byId),
    );
    assert.equal(all.total_rows, expected.length);

    const { body: info } = await this.#send('GET', '/roady/');
    assert.equal(info.doc_count, expected.length);
    assert.equal(position(info.update_seq), position(this.since));
    const { body: feed } = await this.#send('GET', '/roady/_changes');
    const rows = feed.results.map(({ id, changes, deleted }) => [id, changes[0].rev, deleted === true]).sort(byId);
    assert.deepEqual(rows, [...this.known].map(([id, { rev, deleted }]) => [id, rev, deleted]).sort(byId));
    assert.deepEqual([...this.followed].map(([id, { rev, deleted }]) => [id, rev, deleted]).sort(byId), rows);
  }
}

function position(seq) {
  return Number.parseInt(seq, 10);
}

function byId([a], [b]) {
  return a < b ? -1 : a > b ? 1 : 0;
}

test(`${kills} kills under write load lose nothing that was acknowledged (seed ${seed})`, { timeout: 60_000 + kills * 10_000 }, withServer(async (server) => {
  const random = randomFrom(seed);
  const tenants = [];
  for (const sub of ['alice', 'mallory']) tenants.push(new Tenant(await new User(server, sub, { expiresIn: 86_400 }).signIn()));

  for (let kill = 1; kill <= kills; ++kill) {
    const load = [];
    for (const tenant of tenants) {
      tenant.stopped = false;
      for (const writer of ['a', 'b', 'c']) load.push(tenant.write(writer, random));
      load.push(tenant.followUnderLoad(random));
    }
    await pause(20 + random() * 300);
    await server.kill();
    for (const tenant of tenants) tenant.stopped = true;
    await Promise.all(load);
    await server.start();
    for (const tenant of tenants) await tenant.verify();
    if (kill % 10 === 0) {
      const acknowledged = tenants.reduce((sum, tenant) => sum + tenant.acknowledged, 0);
      console.log(`${kill} kills, ${acknowledged} acknowledged writes`);
    }
  }
  assert.ok(tenants.every(({ acknowledged }) => acknowledged > kills), 'there was a load');
}));

test('kills in the middle of bootstraps leave one user and one tenant of each', { timeout: 120_000 }, withServer(async (server) => {
  const random = randomFrom(seed);
  const users = [];
  for (let kill = 0; kill < Math.min(kills, 20); ++kill) {
    const newcomers = Array.from({ length: 10 }, (_, i) => new User(server, `u${kill}-${i}`));
    await Promise.all(newcomers.map((user) => user.token()));
    const requests = newcomers.map((user) => user.request('GET', '/roady/').catch(() => 'the server is gone'));
    await pause(random() * 20);
    await server.kill();
    await Promise.all(requests);
    await server.start();
    users.push(...newcomers);
    await Promise.all(newcomers.map((user) => user.signIn()));
  }
  const { body } = await server.asAdministrator('GET', '/couch-sitter/_all_docs');
  const ids = body.rows.map(({ id }) => id).filter((id) => /^(user|tenant)_/.test(id));
  assert.deepEqual(ids.sort(), users.flatMap(({ id, personalTenant }) => [id, personalTenant]).sort());
}));
