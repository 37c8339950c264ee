// What stands between a gateway and its CouchDB: it sees every request, and can answer in the CouchDB's place.
import { once } from 'node:events';
import http from 'node:http';

export class Proxy {
  /** Every request line that came: `{method, path}`, the path as it stood there. */
  requests = [];
  /** Bytes that came and were no HTTP. */
  refused = [];
  #upstream;
  #server;
  #agent = new http.Agent({ keepAlive: true });

  constructor(url) {
    this.#upstream = new URL(url);
    this.#server = http.createServer((request, response) => this.#take(request, response));
    this.#server.keepAliveTimeout = 0;
    this.#server.on('clientError', (error, socket) => {
      if (error.rawPacket) this.refused.push(error.rawPacket.toString('latin1'));
      socket.destroy();
    });
  }

  static async start(url) {
    const proxy = new Proxy(url);
    await proxy.listen(0);
    return proxy;
  }

  async listen(port = this.port) {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = this.#server.address().port;
    const { username, password } = this.#upstream;
    this.url = `http://${username}:${password}@127.0.0.1:${this.port}`;
  }

  /** Nobody listens here any more, until `listen`. */
  async close() {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async end() {
    await this.close();
    this.#agent.destroy();
  }

  /**
   * `answer(request, response, forward)` takes the requests from now on. What it does not want it gives to `forward()`;
   * with `forward(alter)`, `alter(body, answer, response)` answers in the place of the CouchDB's answer, which has come
   * whole. Without it all is passed on.
   */
  intercept(answer) {
    this.answer = answer;
  }

  /** Breaks off every connection to the gateway. */
  cut() {
    this.#server.closeAllConnections();
  }

  #take(request, response) {
    this.requests.push({ method: request.method, path: request.url });
    const forward = (alter) => this.#forward(request, response, alter);
    if (this.answer) return this.answer(request, response, forward);
    return forward();
  }

  #forward(request, response, alter) {
    const { hostname, port } = this.#upstream;
    const onward = http.request({ hostname, port, method: request.method, path: request.url, headers: request.headers, agent: this.#agent });
    onward.once('error', () => response.destroy());
    onward.once('response', async (answer) => {
      answer.once('error', () => response.destroy());
      if (!alter) {
        response.writeHead(answer.statusCode, answer.headers);
        response.flushHeaders();
        return answer.pipe(response);
      }
      const body = Buffer.concat(await answer.toArray());
      alter(body, answer, response);
    });
    response.once('close', () => onward.destroy());
    request.pipe(onward);
  }
}
