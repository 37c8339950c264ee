// Several gateways over one CouchDB, as a load balancer would have them: whoever signs in through one is known to all.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';

import { Issuer } from './issuer.mjs';
import { binary, freePort, release, Server } from './server.mjs';
import { startStore, storeKind } from './upstream.mjs';
import { eventually } from './wait.mjs';

/** What the databases' names begin with upstream, where the CouchDB is the test's own. */
const prefix = 'x-';

/** One of them; a User of it takes the issuer's tokens. */
export class Gateway extends Server {
  #issuer;

  constructor(folder, port, args, issuer) {
    super(folder, port, args);
    this.#issuer = issuer;
  }

  async developmentToken({ expires_in: seconds = 3600, ...claims }) {
    return this.#issuer.token({ ...claims, exp: Math.floor(Date.now() / 1000) + seconds });
  }
}

class Gateways {
  #folder;
  #issuer = new Issuer();
  #count = 0;

  constructor(folder, store) {
    this.#folder = folder;
    this.upstream = store.upstream;
    this.prefix = store.upstream.prefix ?? prefix;
    this.all = [];
  }

  /** Where a gateway stores: `url` in place of the CouchDB's own, such as a proxy's. */
  storeArguments(url = this.upstream.url) {
    return ['--store-url', url, '--store-name-prefix', this.prefix];
  }

  /** One more, with an index of its own, which does not run yet. */
  async add({ url } = {}) {
    const folder = path.join(this.#folder, String(this.#count++));
    await mkdir(folder);
    const port = await freePort();
    const file = path.join(folder, 'mycouch.toml');
    await writeFile(file, await this.#issuer.configuration({ settings: 'tenant_source = "profile"' })(folder, `127.0.0.1:${port}`));
    const store = [...this.storeArguments(url), '--store-index', path.join(folder, 'index')];
    const gateway = new Gateway(folder, port, ['serve', '--config', file, ...store], this.#issuer);
    this.all.push(gateway);
    return gateway;
  }

  /** What `mycouch check-store` says of the CouchDB, through no gateway: `{status, output}`. */
  async checkStore() {
    const child = spawn(binary, ['check-store', ...this.storeArguments()], { cwd: this.#folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
    const [status] = await once(child, 'close');
    return { status, output };
  }

  /** Users, tenants and invitations come to agree with each other within `seconds`. */
  async agree(seconds = 60) {
    await eventually('the store has no violations', async () => {
      const { status, output } = await this.checkStore();
      if (status !== 0) throw new Error(output);
      return true;
    }, { seconds });
  }

  /** One request to the CouchDB itself, as its administrator; `target` begins with a database's name as gateways know it. */
  async upstreamRequest(method, target, { json, ...options } = {}) {
    const { origin, username, password } = new URL(this.upstream.url);
    const secret = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const response = await fetch(`${origin}/${this.prefix}${target}`, {
      ...options,
      method,
      headers: { 'content-type': 'application/json', authorization: `Basic ${Buffer.from(secret).toString('base64')}` },
      body: json === undefined ? undefined : JSON.stringify(json),
    });
    return { status: response.status, body: await response.json() };
  }

  async end() {
    for (const gateway of this.all) {
      if (gateway.running) await gateway.kill();
      await release(gateway.port);
    }
  }
}

/**
 * A test's body around `count` gateways that run: `body(gateways, ...each)`. `store` makes a CouchDB of the test's own,
 * `{upstream}`, in place of the usual one; `through(url)` returns what stands before it, with a `url`, and an `end()`.
 */
export function withGateways(count, body, { store: makeStore = makeUsualStore, through } = {}) {
  return async (t) => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'mycouch-test-'));
    const store = await makeStore(folder);
    const gateways = new Gateways(folder, store);
    try {
      gateways.proxy = await through?.(store.upstream.url);
      for (let i = 0; i < count; ++i) await gateways.add({ url: gateways.proxy?.url });
      await Promise.all(gateways.all.map((gateway) => gateway.start()));
      await body(gateways, ...gateways.all, t);
    } catch (error) {
      for (const { log } of gateways.all) console.error(`--- a gateway's log\n${log.split('\n').slice(-60).join('\n')}\n---`);
      throw error;
    } finally {
      await gateways.end();
      await gateways.proxy?.end();
      await store.upstream.stop();
      await rm(folder, { recursive: true, force: true });
    }
  };
}

function makeUsualStore() {
  return startStore(binary, storeKind === 'couchdb' ? 'couchdb' : 'couch');
}
