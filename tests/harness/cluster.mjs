// A CouchDB of several nodes, and gateways over it.
//
// MYCOUCH_TEST_COUCHDB_CLUSTER: the nodes' URLs with the administrator, separated by commas.
// MYCOUCH_TEST_COUCHDB_CLUSTER_NODE: a command that takes `start N`, `stop N` and `kill N`, with N from 1 on, and returns when
// the node answers, or is gone. tests/harness/couchdb-cluster is one, for a CouchDB on this machine.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { binary, freePort, release, Server } from './server.mjs';

const run = promisify(execFile);
const urls = process.env.MYCOUCH_TEST_COUCHDB_CLUSTER?.split(',').map((url) => new URL(url));
const command = process.env.MYCOUCH_TEST_COUCHDB_CLUSTER_NODE;

/** For a test's `skip`: false, or why. */
export const withoutCluster = !urls
  ? 'MYCOUCH_TEST_COUCHDB_CLUSTER names no cluster'
  : !command && 'MYCOUCH_TEST_COUCHDB_CLUSTER_NODE names no command that stops and starts a node';

export const nodeCount = urls?.length ?? 0;

async function node(action, number) {
  const [file, ...args] = command.split(' ');
  await run(file, [...args, action, String(number)], { timeout: 120_000 });
}
export const startNode = (number) => node('start', number);
export const killNode = (number) => node('kill', number);

/** One request to the first node that answers, as its administrator: the answer's JSON. */
export async function askCluster(method, target, json) {
  let failure;
  for (const { origin, username, password } of urls) {
    try {
      const authorization = `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;
      const headers = { authorization, ...(json ? { 'content-type': 'application/json' } : {}) };
      const response = await fetch(origin + target, { method, headers, body: json && JSON.stringify(json) });
      return await response.json();
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** What `store.url` names the nodes by. */
function storeUrl() {
  const [{ protocol, username, password }] = urls;
  return `${protocol}//${username}:${password}@${urls.map(({ host }) => host).join(',')}`;
}

/**
 * `count` gateways over the cluster for the time of `body({gateways, prefix, checkStore})`, with databases that no one
 * else has. `issuer` makes their configuration (issuer.mjs). `checkStore()`: as Server's, while no gateway runs.
 */
export async function withGateways(count, issuer, body) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'mycouch-test-'));
  const prefix = `test-${randomBytes(6).toString('hex')}-`;
  const ports = await Promise.all(Array.from({ length: count }, freePort));
  const configuration = path.join(folder, 'mycouch.toml');
  await writeFile(configuration, await issuer.configuration()(folder, '127.0.0.1:0'));
  const store = (name) => ['--config', configuration, '--store-url', storeUrl(), '--store-name-prefix', prefix,
    '--store-index', path.join(folder, name)];
  const gateways = ports.map((port, i) => {
    const gateway = new Server(folder, port, ['serve', ...store(`gateway-${i + 1}`), '--listen', `127.0.0.1:${port}`]);
    gateway.name = `gateway ${i + 1}`;
    return gateway;
  });
  const checkStore = async () => {
    const checked = await run(binary, ['check-store', ...store('check')]).catch((failure) => failure);
    return { status: checked.code ?? 0, output: checked.stdout + checked.stderr };
  };
  try {
    for (const gateway of gateways) await gateway.start();
    await body({ gateways, prefix, checkStore });
  } catch (error) {
    for (const { name, log } of gateways) {
      const lines = log.split('\n').filter((line) => !line.includes(' status=503 '));
      console.error(`--- ${name}\n${lines.slice(-60).join('\n')}\n---`);
    }
    throw error;
  } finally {
    await Promise.all(gateways.filter(({ running }) => running).map((gateway) => gateway.kill()));
    for (let number = 1; number <= nodeCount; ++number) await startNode(number);
    const range = new URLSearchParams({ startkey: JSON.stringify(prefix), endkey: JSON.stringify(`${prefix}~`) });
    for (const name of await askCluster('GET', `/_all_dbs?${range}`)) {
      await askCluster('DELETE', `/${encodeURIComponent(name)}`);
    }
    await Promise.all(ports.map(release));
    await rm(folder, { recursive: true, force: true });
  }
}
