// HTTP as bytes on a socket: for requests that no client library would send.
import net from 'node:net';

import { within } from './wait.mjs';

export class Connection {
  #received = '';
  #closed;

  static async open(server) {
    const connection = new Connection();
    connection.socket = net.connect(server.port, '127.0.0.1');
    connection.socket.setEncoding('latin1').on('data', (text) => (connection.#received += text));
    connection.#closed = new Promise((resolve) => connection.socket.once('close', resolve));
    // A server may close on what it refuses to read; the socket then says so.
    connection.socket.on('error', () => {});
    await new Promise((resolve, reject) => connection.socket.once('connect', resolve).once('error', reject));
    return connection;
  }

  /** Resolves when the system has taken the bytes. */
  send(text) {
    return new Promise((resolve) => this.socket.write(text, 'latin1', resolve));
  }

  /** The next whole answer (with a Content-Length), or null when the server closed without one. */
  async answer(seconds = 20) {
    const whole = () => /^HTTP\/1\.1 (\d+)[^\r]*\r\n((?:[^\r]+\r\n)*)\r\n/.exec(this.#received);
    const read = async () => {
      for (;;) {
        const head = whole();
        const length = head && Number(/^content-length: *(\d+)/im.exec(head[2])?.[1] ?? 0);
        if (head && this.#received.length >= head[0].length + length) {
          const text = this.#received.slice(head[0].length, head[0].length + length);
          this.#received = this.#received.slice(head[0].length + length);
          return { status: Number(head[1]), head: head[2], body: text ? JSON.parse(text) : undefined };
        }
        if (this.socket.destroyed) return null;
        await Promise.race([new Promise((resolve) => this.socket.once('data', resolve)), this.#closed]);
      }
    };
    return within(seconds, 'an answer', read());
  }

  closed(seconds = 20) {
    return within(seconds, 'the server closes the connection', this.#closed);
  }

  end() {
    this.socket.destroy();
  }
}
