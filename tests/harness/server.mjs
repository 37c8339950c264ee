// A mycouch of the test's own: the real binary, on a port and in a folder that no other test uses.
//
// MYCOUCH_BINARY names the binary; build/release/mycouch otherwise.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { startStore } from './upstream.mjs';
import { eventually, within } from './wait.mjs';

/** The project's folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));
export const binary = path.resolve(root, process.env.MYCOUCH_BINARY ?? 'build/release/mycouch');

// Sanitizers and loaded machines are slow to start and stop.
const startSeconds = 60;
const stopSeconds = 60;

// Below the ports that the system hands to outgoing connections: a client that connects again and again to a server that
// is down could otherwise be given the server's own port.
const firstPort = 20_000;
const portCount = 12_000;

// Between a look at a port and the server's bind, another test's server may take it; `start` would then take that one for
// its own. So a port belongs to the process that has made its file, until the test is over.
const reservations = path.join(os.tmpdir(), 'mycouch-test-ports');

async function reserve(port) {
  const file = path.join(reservations, String(port));
  await mkdir(reservations, { recursive: true });
  const holder = Number(await readFile(file, 'utf8').catch(() => 0));
  if (holder && !isRunning(holder)) await rm(file, { force: true });
  return writeFile(file, String(process.pid), { flag: 'wx' }).then(() => true, () => false);
}

/** Others may have the port again. */
export function release(port) {
  return rm(path.join(reservations, String(port)), { force: true });
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** A port of this process's own until `release`. */
export async function freePort() {
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * portCount);
    if (!(await reserve(port))) continue;
    const probe = net.createServer();
    const free = await new Promise((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) {
      await release(port);
      continue;
    }
    probe.close();
    await once(probe, 'close');
    return port;
  }
}

export class Server {
  #process;
  #exited;
  #arguments;
  #storeArguments;
  #log = '';

  constructor(folder, port, args, storeArgs = []) {
    this.folder = folder;
    this.data = path.join(folder, 'data');
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#arguments = args;
    this.#storeArguments = storeArgs;
  }

  /**
   * Starts the process and returns once it answers. Again after `kill` or `stop`: same folder, same port. `environment`
   * is added to the test's own.
   */
  async start(environment = {}) {
    const child = spawn(binary, this.#arguments, {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.#process = child;
    this.#exited = new Promise((resolve) => {
      child.once('error', (error) => resolve(`could not be started: ${error.message}`));
      child.once('exit', (code, signal) => resolve(signal ?? code));
    });
    let gone;
    this.#exited.then((how) => (gone = how));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.#log += text));
    }
    const started = performance.now();
    while (gone === undefined) {
      const up = await fetch(`${this.url}/_up`).then((r) => r.arrayBuffer().then(() => r.ok), () => false);
      if (up) return this;
      if (performance.now() - started > startSeconds * 1000) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(gone === undefined ? 'the server does not answer' : `the server ended: ${gone}`);
  }

  /** As a crash or a power cut takes it away. */
  async kill() {
    this.#process.kill('SIGKILL');
    await this.#exited;
  }

  /** As an operator stops it: the exit status, or the name of the signal that ended it. */
  async stop() {
    this.#process.kill('SIGTERM');
    return within(stopSeconds, 'the server ends after SIGTERM', this.#exited);
  }

  /** Waits for the process to end by itself: its exit status, or the name of the signal that ended it. */
  async ended() {
    return within(stopSeconds, 'the server ends', this.#exited);
  }

  /** What `mycouch check-store` says of the data, while no server is running on it: `{status, output}`. */
  async checkStore() {
    const child = spawn(binary, ['check-store', '--data', this.data, ...this.#storeArguments], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
    const [status] = await once(child, 'close');
    return { status, output };
  }

  get running() {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  get log() {
    return this.#log;
  }

  /** Resident memory, in bytes. */
  async memory() {
    return this.#memory('VmRSS');
  }

  /** The most that it has been since the process began. */
  async peakMemory() {
    return this.#memory('VmHWM');
  }

  async #memory(field) {
    const status = await readFile(`/proc/${this.#process.pid}/status`, 'utf8');
    return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)[1]) * 1024;
  }

  /** The value of the administrator's Authorization field. */
  async administrator() {
    const password = (await readFile(path.join(this.data, 'admin.password'), 'utf8')).trim();
    return `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
  }

  /** A token of the development issuer. */
  async developmentToken(claims) {
    const { status, body } = await this.request('POST', '/_dev/token', { json: claims });
    if (status !== 200) throw new Error(`no token: ${status} ${JSON.stringify(body)}`);
    return body.access_token;
  }

  /**
   * One request; `json` or raw `body`. The answer's body is parsed where it is JSON, and is text otherwise.
   */
  async request(method, target, { authorization, json, body, headers = {}, signal } = {}) {
    const response = await fetch(this.url + target, {
      method,
      headers: {
        accept: 'application/json',
        ...(authorization ? { authorization } : {}),
        ...(json !== undefined || body !== undefined ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      body: json !== undefined ? JSON.stringify(json) : body,
      signal,
    });
    const text = await response.text();
    let parsed = text;
    try {
      parsed = JSON.parse(text);
    } catch {
      // Not every answer is JSON.
    }
    return { status: response.status, headers: response.headers, body: parsed };
  }

  /** The same as the administrator. */
  async asAdministrator(method, target, options = {}) {
    return this.request(method, target, { ...options, authorization: await this.administrator() });
  }
}

/**
 * A test's body around a server of its own, which is gone afterwards, with its folder. What the server logged is printed
 * when the body fails.
 *
 *     test('a sentence', withServer(async (server, t) => { … }));
 *
 * `configuration(folder, listen)` returns the text of a mycouch.toml for `mycouch serve`; without it, `mycouch dev`.
 */
export function withServer(body, { configuration, args = [] } = {}) {
  return async (t) => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'mycouch-test-'));
    const port = await freePort();
    const listen = `127.0.0.1:${port}`;
    let commandLine = ['dev', '--data', path.join(folder, 'data'), '--listen', listen, ...args];
    if (configuration) {
      await writeFile(path.join(folder, 'mycouch.toml'), await configuration(folder, listen));
      commandLine = ['serve', '--config', path.join(folder, 'mycouch.toml'), ...args];
    }
    // A test that names its store has it.
    const store = args.includes('--store-url') ? { args: [] } : await startStore(binary);
    const server = new Server(folder, port, [...commandLine, ...store.args], store.args);
    server.upstream = store.upstream;
    try {
      await server.start();
      await body(server, t);
    } catch (error) {
      console.error(`--- the server's log\n${server.log.split('\n').slice(-100).join('\n')}\n---`);
      throw error;
    } finally {
      if (server.running) await server.kill();
      await store.upstream?.stop();
      await release(port);
      await rm(folder, { recursive: true, force: true });
    }
  };
}
