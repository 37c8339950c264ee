import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { User } from '../../../tests/harness/users.mjs';
import { eventually, within } from '../../../tests/harness/wait.mjs';
import { kilobyte } from '../documents.mjs';
import { median } from '../statistics.mjs';

export const about = 'feeds that wait: memory for each, and the time to wake a hundred';

const feedsOfATenant = 100;
const wakes = 20;

export async function run(bench) {
  const memory = [];
  const woken = [];
  for (let round = 0; round < bench.rounds; round += 1) {
    const found = await bench.withinRow(() => waitAndWake(bench));
    memory.push(found.memory);
    woken.push(found.woken);
  }
  return [
    { work: `${bench.feeds} waiting feeds, memory for each`, against: '', ours: memory, unit: 'bytes', goal: 8 * 1024 },
    { work: `from a PUT to the last of ${feedsOfATenant} woken, ${bench.feeds} waiting`, against: '', ours: woken, unit: 'seconds', goal: 0.005 },
  ];
}

async function waitAndWake(bench) {
  const contender = await bench.mycouch();
  const callers = [];
  for (let i = 0; i < bench.feeds / feedsOfATenant; i += 1) {
    const user = await new User(contender.server, `user${i}`).signIn();
    const caller = contender.as(`user${i}`, `Bearer ${await user.token()}`);
    await caller.json('PUT', '/roady/doc', kilobyte);
    callers.push(caller);
  }
  const before = await contender.server.memory();
  const feeds = await Promise.all(callers.flatMap((caller) => Array.from({ length: feedsOfATenant }, () => Feed.open(caller))));
  const waiting = await settledMemory(contender.server);
  const times = [];
  for (let i = 0; i < wakes; i += 1) times.push(await wake(callers[0], feeds.slice(0, feedsOfATenant), i));
  for (const feed of feeds) feed.end();
  return { memory: (waiting - before) / feeds.length, woken: median(times) };
}

// Seconds from sending a PUT until each of these feeds has its answer. They wait again afterwards.
async function wake(caller, feeds, number) {
  const answers = within(10, 'all feeds are woken', Promise.all(feeds.map((feed) => feed.answer())));
  const started = performance.now();
  const written = caller.json('PUT', `/roady/wake-${number}`, kilobyte);
  const last = Math.max(...(await answers));
  await written;
  await Promise.all(feeds.map((feed) => feed.wait()));
  return (last - started) / 1000;
}

async function settledMemory(server) {
  let last = 0;
  return eventually('the memory settles', async () => {
    const now = await server.memory();
    const same = now === last;
    last = now;
    return same && now;
  }, { every: 500 });
}

// A longpoll on a connection of its own, as bytes: no client library's work is measured.
class Feed {
  #socket;
  #head;
  #since;
  #received = '';
  #whole;

  static async open(caller) {
    const feed = new Feed();
    const { hostname, port } = new URL(caller.url);
    feed.#head = `host: ${hostname}\r\nauthorization: ${caller.authorization}\r\n\r\n`;
    feed.#socket = net.connect(port, hostname);
    await once(feed.#socket, 'connect');
    feed.#socket.setNoDelay().setEncoding('latin1').on('data', (text) => feed.#receive(text));
    // The document that is there already, and with it the sequence to wait behind.
    feed.#since = 0;
    const first = feed.answer();
    feed.#send();
    await first;
    await feed.wait();
    return feed;
  }

  #send() {
    this.#received = '';
    this.#socket.write(`GET /roady/_changes?feed=longpoll&heartbeat=60000&since=${this.#since} HTTP/1.1\r\n${this.#head}`);
  }

  #receive(text) {
    this.#received += text;
    const last = /"last_seq":"([^"]+)","pending":\d+\}/.exec(this.#received);
    const chunked = /^transfer-encoding:/im.test(this.#received);
    if (!last || (chunked && !this.#received.endsWith('\r\n0\r\n\r\n'))) return;
    this.#since = last[1];
    this.#whole(performance.now());
  }

  /** When the answer has come whole. */
  answer() {
    return new Promise((resolve) => (this.#whole = resolve));
  }

  /** Asks for what comes next; resolves when the server has begun its answer, and so waits. */
  async wait() {
    this.#send();
    while (!this.#received.includes('\r\n\r\n')) await pause(5);
  }

  end() {
    this.#socket.destroy();
  }
}
