// One request whose answer can be watched as it comes.
import http from 'node:http';

import { eventually, within } from './wait.mjs';

export class Exchange {
  status;
  text = '';
  ended = false;
  #done;

  /** Sends the head, and nothing of a body: `request` takes it. */
  constructor(server, method, target, { token, headers = {} } = {}) {
    this.request = http.request(server.url + target, {
      method,
      agent: new http.Agent({ keepAlive: false }),
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
    });
    this.#done = new Promise((resolve, reject) => {
      this.request.once('error', reject);
      this.request.once('response', (response) => {
        this.status = response.statusCode;
        response.setEncoding('utf8').on('data', (text) => (this.text += text));
        response.once('end', resolve).once('error', reject);
      });
    }).finally(() => (this.ended = true));
    this.#done.catch(() => {});
  }

  static get(server, target, token) {
    const exchange = new Exchange(server, 'GET', target, { token });
    exchange.request.end();
    return exchange;
  }

  /** The status has come: what follows can be watched in `text`. */
  begun() {
    return eventually('the answer has begun', () => this.status !== undefined, { every: 1 });
  }

  /** The whole answer, parsed. */
  async answer(seconds = 20) {
    await within(seconds, 'the answer is whole', this.#done);
    return JSON.parse(this.text);
  }
}
