// What a person holds: a device with its own local databases, in memory, and the client library on it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import PouchDB from 'pouchdb';
import memoryAdapter from 'pouchdb-adapter-memory';

import { TenantManager } from '../dist/index.js';
import { withServer as withBareServer } from '../../tests/harness/server.mjs';
import { eventually } from '../../tests/harness/wait.mjs';

PouchDB.plugin(memoryAdapter);

const devices = new WeakMap();

/** A test's body around a server of its own; the devices that it makes are switched off at the end. */
export function withServer(body, options) {
  return withBareServer(async (server, t) => {
    const mine = [];
    devices.set(server, mine);
    try {
      await body(server, t);
    } finally {
      await Promise.all(mine.map((device) => device.manager.close()));
    }
  }, options);
}

export class Device {
  #token;
  #tokenEnds = 0;
  /** How often the app's getToken was called, and how often for a new token. */
  calls = { all: 0, refresh: 0 };
  /** Every request: `METHOD path status`. A status of 0: no answer. */
  requests = [];
  #network = new AbortController();

  constructor(server, sub, { expiresIn = 3600, heartbeatMs } = {}) {
    this.heartbeatMs = heartbeatMs;
    this.server = server;
    this.sub = sub;
    this.id = `user_${sub}`;
    this.personalTenant = `tenant_${sub}_personal`;
    this.expiresIn = expiresIn;
    this.PouchDB = PouchDB.defaults({ adapter: 'memory', prefix: `${randomUUID()}-` });
    this.#start();
    (devices.get(server) ?? []).push(this);
  }

  /** The app is closed and started again: a new manager on the same local databases. */
  async restart() {
    await this.manager.close();
    return this.#start();
  }

  #start() {
    this.manager = new TenantManager({
      url: this.server.url,
      PouchDB: this.PouchDB,
      ...(this.heartbeatMs ? { heartbeatMs: this.heartbeatMs } : {}),
      getToken: (options) => this.getToken(options),
      fetch: (url, options) => this.fetch(url, options),
    });
    return this.manager;
  }

  get offline() {
    return this.#network.signal.aborted;
  }

  /** Without a network, every request fails, those on their way too. */
  set offline(offline) {
    if (offline) this.#network.abort();
    else this.#network = new AbortController();
  }

  async getToken({ refresh = false } = {}) {
    this.calls.all += 1;
    if (refresh) this.calls.refresh += 1;
    if (this.offline) throw new TypeError('no network');
    if (refresh || Date.now() > this.#tokenEnds) {
      this.#token = await this.server.developmentToken({
        sub: this.sub, name: this.sub, email: `${this.sub}@example.com`, expires_in: this.expiresIn,
      });
      this.#tokenEnds = Date.now() + this.expiresIn * 1000;
    }
    return this.#token;
  }

  async fetch(url, options) {
    const request = `${options.method} ${url.slice(this.server.url.length)}`;
    try {
      if (this.offline) throw new TypeError('no network');
      const answer = await this.send(url, { ...options, signal: this.#cutWith(options.signal) });
      this.requests.push(`${request} ${answer.status}`);
      return answer;
    } catch (error) {
      this.requests.push(`${request} 0`);
      throw error;
    }
  }

  /** For tests that come between. */
  send(url, options) {
    return fetch(url, options);
  }

  #cutWith(signal) {
    const both = new AbortController();
    // The library aborts its signal at the end of each request, and so no listener outlives one.
    for (const cause of [signal, this.#network.signal]) cause.addEventListener('abort', () => both.abort(), both);
    return both.signal;
  }

  /** Signs in, and opens a database: once it is up to date. */
  async open(name = 'roady', options = {}) {
    await this.manager.initializeTenantContext();
    const database = this.manager.openDatabase(name, options);
    await upToDate(database);
    return database;
  }
}

/** Resolves once the database has nothing more to do, what was just written included. */
export function upToDate(database, seconds = 30) {
  return eventually('up to date', async () => {
    const done = database.status.state === 'uptodate' && (await database.unpushed()).length === 0;
    return done || assert.fail(JSON.stringify(database.status));
  }, { seconds });
}

export function reaches(database, state, seconds = 30) {
  return eventually(state, () => database.status.state === state || assert.fail(JSON.stringify(database.status)), { seconds });
}

/** The next event of that name, from now on. */
export function next(emitter, name) {
  return new Promise((resolve) => {
    const stop = emitter.on(name, (payload) => {
      stop();
      resolve(payload);
    });
  });
}

/** Alice's and Bob's devices, with one database of her tenant open on both. */
export async function band(server, options = {}, databaseOptions = {}) {
  const [alice, bob] = ['alice', 'bob'].map((sub) => new Device(server, sub, options));
  const mine = await alice.open('roady', databaseOptions);
  await bob.manager.initializeTenantContext();
  const { token } = await alice.manager.createInvitation(alice.personalTenant, { role: 'member' });
  await bob.manager.acceptInvitation(token);
  const his = bob.manager.openDatabase('roady', { tenant: alice.personalTenant, ...databaseOptions });
  await upToDate(his);
  return { alice, bob, mine, his, tenant: alice.personalTenant };
}
