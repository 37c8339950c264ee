// One of the two servers that are compared: sends a request that is written for both, and gives its answer in words that
// both use.
//
// What each server makes itself (hashes of revisions, ids) differs. Such a text of 32 hex digits is called #0, #1, … in
// the order in which the server's answers first show it; a request that names #3 means on each side what that side has
// shown there. Sequences are no longer compared than that there is one; {seq:2} in a request is the last sequence that
// the side's answer number 2 showed.
import http from 'node:http';

const made = /\b[0-9a-f]{32}\b/g;
const sequenceMembers = new Set(['seq', 'last_seq', 'update_seq', 'purge_seq']);
const comparedHeaders = ['content-type', 'etag', 'location', 'allow', 'cache-control', 'x-couch-update-newrev'];
const requestSeconds = 60;

export class Side {
  #names = new Map();
  #texts = [];
  #sequences = [];
  #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

  /** `known`: texts of 32 hex digits that requests bring themselves, and that are the same on both sides. */
  constructor(url, authorization, known) {
    this.url = url;
    this.authorization = authorization;
    this.known = known;
  }

  close() {
    this.#agent.destroy();
  }

  /** `{method, path, headers, body}` to `{status, headers, body}`; `{status: 0}` where the connection broke. */
  async send({ method, path, headers = {}, body }) {
    const text = body === undefined ? undefined : this.#own(typeof body === 'string' ? body : JSON.stringify(body));
    const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, this.#own(value)]));
    this.#sequences.push(undefined);
    const answer = await this.#exchange(method, this.#own(path, encodeURIComponent), own, text).catch((error) => ({ status: 0, headers: {}, text: String(error) }));
    const parsed = this.#parse(answer, method);
    return {
      status: answer.status,
      headers: Object.fromEntries(comparedHeaders.flatMap((name) => (answer.headers[name] === undefined ? [] : [[name, this.#header(name, answer.headers[name])]]))),
      body: this.#common(parsed),
    };
  }

  #exchange(method, path, headers, body) {
    return new Promise((resolve, reject) => {
      const request = http.request(this.url + path, {
        method,
        agent: this.#agent,
        timeout: requestSeconds * 1000,
        headers: {
          authorization: this.authorization,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
          ...headers,
        },
      });
      request.on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer`)));
      request.on('error', reject);
      request.on('response', (response) => {
        const pieces = [];
        response.on('data', (piece) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(pieces).toString() }));
      });
      request.end(body);
    });
  }

  // From the common words to this side's.
  #own(text, encode = (value) => value) {
    return text
      .replace(/#(\d+)/g, (name, number) => this.#texts[number] ?? name)
      .replace(/\{seq:(\d+)\}/g, (_, number) => encode(this.#sequences[number] ?? '0'));
  }

  #parse({ headers, text }, method) {
    if (method === 'HEAD' || text === '') return text;
    if (!headers['content-type']?.includes('json')) return text;
    try {
      return JSON.parse(text);
    } catch {
      return text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
    }
  }

  #header(name, value) {
    if (name === 'location') return this.#text(decodeURIComponent(value.replace(this.url, '')));
    return this.#text(value);
  }

  #text(text) {
    return text.replace(made, (hex) => {
      if (this.known.has(hex)) return hex;
      if (!this.#names.has(hex)) {
        this.#names.set(hex, `#${this.#texts.length}`);
        this.#texts.push(hex);
      }
      return this.#names.get(hex);
    });
  }

  // Members in the order of their names, so that both sides come upon what they made in the same order.
  #common(value) {
    if (typeof value === 'string') return this.#text(value);
    if (Array.isArray(value)) return value.map((element) => this.#common(element));
    if (value === null || typeof value !== 'object') return value;
    const members = Object.keys(value).sort().map((name) => {
      if (sequenceMembers.has(name) && (typeof value[name] === 'string' || Number.isInteger(value[name]))) {
        if (name !== 'purge_seq') this.#sequences[this.#sequences.length - 1] = String(value[name]);
        return [name, '{seq}'];
      }
      return [this.#text(name), this.#common(value[name])];
    });
    return Object.fromEntries(members);
  }
}
