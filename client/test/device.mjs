// What a person holds: a device with its own local databases, in memory, and the client library on it.
import { randomUUID } from 'node:crypto';

import PouchDB from 'pouchdb';
import memoryAdapter from 'pouchdb-adapter-memory';

import { TenantManager } from '../dist/index.js';
import { eventually } from '../../tests/harness/wait.mjs';

PouchDB.plugin(memoryAdapter);

export class Device {
  #token;
  #tokenEnds = 0;
  /** How often the app's getToken was called, and how often for a new token. */
  calls = { all: 0, refresh: 0 };
  /** Every request: `METHOD path status`. A status of 0: no answer. */
  requests = [];
  /** Set to make every request fail, as without a network. */
  offline = false;

  constructor(server, sub, { expiresIn = 3600 } = {}) {
    this.server = server;
    this.sub = sub;
    this.id = `user_${sub}`;
    this.personalTenant = `tenant_${sub}_personal`;
    this.expiresIn = expiresIn;
    this.PouchDB = PouchDB.defaults({ adapter: 'memory', prefix: `${randomUUID()}-` });
    this.manager = this.start();
  }

  /** The app, started (again): a new manager on the same local databases. */
  start() {
    this.manager = new TenantManager({
      url: this.server.url,
      PouchDB: this.PouchDB,
      getToken: (options) => this.getToken(options),
      fetch: (url, options) => this.fetch(url, options),
    });
    return this.manager;
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
      const answer = await fetch(url, options);
      this.requests.push(`${request} ${answer.status}`);
      return answer;
    } catch (error) {
      this.requests.push(`${request} 0`);
      throw error;
    }
  }

  /** Signs in, and opens a database: once it is up to date. */
  async open(name = 'roady', options = {}) {
    await this.manager.initializeTenantContext();
    const database = this.manager.openDatabase(name, options);
    await upToDate(database);
    return database;
  }
}

/** Resolves once the database has nothing more to do. */
export function upToDate(database, seconds = 30) {
  return reaches(database, 'uptodate', seconds);
}

export function reaches(database, state, seconds = 30) {
  return eventually(`${state}: ${JSON.stringify(database.status)}`, () => database.status.state === state, { seconds });
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
