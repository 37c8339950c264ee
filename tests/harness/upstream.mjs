// What the servers of a test store in: their own disk; or, as MYCOUCH_TEST_STORE says, a CouchDB. "couch" is a mycouch that
// stands for one; "couchdb" the one that MYCOUCH_TEST_COUCHDB_URL names, where each test has databases of its own.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';

export const storeKind = process.env.MYCOUCH_TEST_STORE ?? 'rocksdb';

const password = 'upstream';

/** For a test's `skip`: false where the servers store on their own disks. */
export const notRocksDb = storeKind === 'rocksdb' ? false : 'of a store on the server\'s own disk';

/** A mycouch that serves as the CouchDB of others, and keeps everything in memory where `store` says nothing else. */
export class Upstream {
  #process;
  #log = '';

  constructor(binary, listen, store = 'memory:') {
    this.binary = binary;
    this.listen = listen;
    this.store = store;
  }

  /** Again after `stop`: at the same address, with what its store has kept. */
  async start() {
    this.#log = '';
    this.#process = spawn(
      this.binary,
      // Its own system database is another one: it would tend to that of its users.
      ['serve', '--store-url', this.store, '--store-system-database', 'own-system', '--admin-password', password, '--listen', this.listen, '--limits-max-body', '1GB'],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#process.stderr.setEncoding('utf8');
    for await (const text of this.#process.stderr) {
      this.#log += text;
      const [, address] = /listening address="([^"]+)"/.exec(this.#log) ?? [];
      if (!address) continue;
      this.listen = this.address = address;
      this.url = `http://admin:${password}@${address}`;
      break;
    }
    if (!this.url) throw new Error(`the upstream server does not start: ${this.#log}`);
    return this;
  }

  async stop() {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }
}

/** Databases of the test's own in the CouchDB of the environment. */
class SharedCouchDb {
  constructor() {
    this.url = process.env.MYCOUCH_TEST_COUCHDB_URL.replace(/\/$/, '');
    this.prefix = `test-${randomBytes(6).toString('hex')}-`;
  }

  async stop() {
    const { origin, username, password: secret } = new URL(this.url);
    const headers = { authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(secret)}`).toString('base64')}` };
    const names = await (await fetch(`${origin}/_all_dbs?startkey=${encodeURIComponent(`"${this.prefix}"`)}&endkey=${encodeURIComponent(`"${this.prefix}~"`)}`, { headers })).json();
    for (const name of names.filter((each) => each.startsWith(this.prefix))) {
      await fetch(`${origin}/${encodeURIComponent(name)}`, { method: 'DELETE', headers });
    }
  }
}

/**
 * What a test's server is started with, beside its own arguments, and what is to be stopped after it. Of a CouchDB also its
 * `url`, and the `prefix` of the databases' names.
 */
export async function startStore(binary, kind = storeKind) {
  if (kind === 'couch') {
    const upstream = await new Upstream(binary, '127.0.0.1:0').start();
    return { upstream, url: upstream.url, prefix: '', args: ['--store-url', upstream.url] };
  }
  if (kind === 'couchdb') {
    const upstream = new SharedCouchDb();
    const { url, prefix } = upstream;
    return { upstream, url, prefix, args: ['--store-url', url, '--store-name-prefix', prefix] };
  }
  return { args: [] };
}
