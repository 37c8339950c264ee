// One side of a comparison: an HTTP server, asked over kept connections, and the process that serves it.
import http from 'node:http';
import { readdir, readFile, readlink } from 'node:fs/promises';

const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
const ticksPerSecond = 100; // USER_HZ, as /proc shows it on every Linux

export class Contender {
  #pid;

  constructor(name, url, authorization) {
    Object.assign(this, { name, url, authorization });
  }

  /** The same server for someone else. */
  as(name, authorization) {
    return Object.assign(new Contender(name, this.url, authorization), { server: this.server, database: this.database });
  }

  /** The answer's body, whole and unread. Throws for any status but 2xx. */
  text(method, target, body) {
    return new Promise((resolve, reject) => {
      const headers = { accept: 'application/json' };
      if (this.authorization) headers.authorization = this.authorization;
      if (body !== undefined) {
        headers['content-type'] = 'application/json';
        headers['content-length'] = Buffer.byteLength(body);
      }
      const request = http.request(this.url + target, { method, agent, headers }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const whole = Buffer.concat(chunks);
          if (response.statusCode < 300) resolve(whole);
          else reject(new Error(`${this.name}: ${method} ${target}: ${response.statusCode} ${whole}`));
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  async json(method, target, value) {
    return JSON.parse(await this.text(method, target, value === undefined ? undefined : JSON.stringify(value)));
  }

  /** CPU time of the process that listens on the contender's port, in seconds. */
  async cpuSeconds() {
    this.#pid ??= await listeningProcess(Number(new URL(this.url).port));
    const stat = await readFile(`/proc/${this.#pid}/stat`, 'utf8');
    const [user, system] = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 13);
    return (Number(user) + Number(system)) / ticksPerSecond;
  }
}

async function listeningProcess(port) {
  const inode = await listeningInode(port);
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
      if (target === `socket:[${inode}]`) return pid;
    }
  }
  throw new Error(`the process that listens on port ${port} is not on this machine, or another user's`);
}

async function listeningInode(port) {
  const listening = '0A';
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  for (const line of (await readFile('/proc/net/tcp', 'utf8')).split('\n').slice(1)) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (state === listening && local.endsWith(`:${hex}`)) return inode;
  }
  throw new Error(`nothing listens on port ${port} of this machine`);
}
