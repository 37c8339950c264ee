// What a row works with: contenders that it starts, which end with it, and turns between them.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Server } from '../../tests/harness/server.mjs';
import { eventually } from '../../tests/harness/wait.mjs';
import { Contender } from './contender.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bareBeast = path.join(path.resolve(root, path.dirname(process.env.MYCOUCH_BINARY ?? 'build/release/mycouch')), 'bare_beast');

async function freePort() {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

export class Bench {
  #endings = [];

  constructor({ rounds, seconds, documents, tenants, feeds, couchdb }) {
    Object.assign(this, { rounds, seconds, documents, tenants, feeds, couchdbUrl: couchdb });
  }

  /** A row's findings; whatever it started is gone afterwards. */
  async withinRow(run) {
    try {
      return await run(this);
    } finally {
      while (this.#endings.length > 0) await this.#endings.pop()();
    }
  }

  /** A folder of the row's own. */
  async folder() {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'mycouch-bench-'));
    this.#endings.push(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  /** A new server with an empty store on disk, as the administrator sees it. `contender.server` is its process. */
  async mycouch() {
    const folder = await this.folder();
    const port = await freePort();
    const server = new Server(folder, port, ['dev', '--data', path.join(folder, 'data'), '--listen', `127.0.0.1:${port}`]);
    this.#endings.push(() => server.running && server.stop());
    await server.start();
    return Object.assign(new Contender('mycouch', server.url, await server.administrator()), { server });
  }

  /** A new database of a new server. */
  async mycouchDatabase() {
    const server = await this.mycouch();
    await server.json('PUT', '/bench');
    return Object.assign(server, { database: '/bench' });
  }

  /** A new database of the CouchDB that was named; nothing where none was. */
  async couchdbDatabase() {
    if (!this.couchdbUrl) return undefined;
    const { origin, username, password } = new URL(this.couchdbUrl);
    const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
    const couchdb = new Contender('CouchDB', origin, `Basic ${credentials.toString('base64')}`);
    couchdb.database = `/mycouch-bench-${randomUUID()}`;
    await couchdb.json('PUT', couchdb.database);
    this.#endings.push(() => couchdb.json('DELETE', couchdb.database));
    return couchdb;
  }

  /** The database on each side: one or two contenders. */
  async databases() {
    return [await this.mycouchDatabase(), await this.couchdbDatabase()].filter(Boolean);
  }

  /** Bare Beast, answering everything with a body of this size. */
  async bareBeast(bytes) {
    const port = await freePort();
    const child = spawn(bareBeast, [port, os.cpus().length, bytes], { stdio: 'inherit' });
    const exited = once(child, 'exit');
    this.#endings.push(() => {
      child.kill();
      return exited;
    });
    const contender = new Contender('bare Beast', `http://127.0.0.1:${port}`);
    contender.database = '';
    await eventually('bare_beast answers', () => contender.text('GET', '/'));
    return contender;
  }

  /** Calls each measure in turn, round after round: for each, its numbers. */
  async inTurns(measures) {
    const samples = measures.map(() => []);
    for (let round = 0; round < this.rounds; round += 1) {
      for (const [i, measure] of measures.entries()) samples[i].push(await measure());
    }
    return samples;
  }

  /** What `measure(contender)` found for the first contender, held against each of the others. */
  async compare(contenders, measure, { work, unit, more, goals }) {
    const [ours, ...others] = await this.inTurns(contenders.map((contender) => () => measure(contender)));
    if (others.length === 0) return [{ work, against: '', ours, unit, more }];
    return others.map((theirs, i) => {
      const against = contenders[i + 1].name;
      return { work, against, ours, theirs, unit, more, goal: goals[against] };
    });
  }
}
