// The few requests that the first page makes itself; the phones make theirs by the client library.

export interface Person {
  name: string;
  email: string;
}

export class Account {
  #token = '';

  constructor(readonly person: Person) {}

  /** A request with a token, and with a fresh one where that was refused. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    if (!this.#token) await this.refresh();
    const answer = await this.#send(path, init);
    if (answer.status !== 401) return answer;
    await this.refresh();
    return this.#send(path, init);
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.fetch(path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const parsed = (await answer.json()) as T & { reason?: string };
    if (!answer.ok) throw new Error(parsed.reason ?? `${answer.status}`);
    return parsed;
  }

  async refresh(): Promise<string> {
    const answer = await fetch('/_dev/token', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(this.person),
    });
    this.#token = ((await answer.json()) as { access_token: string }).access_token;
    return this.#token;
  }

  #send(path: string, init: RequestInit): Promise<Response> {
    const headers = { Accept: 'application/json', 'Content-Type': 'application/json', Authorization: `Bearer ${this.#token}` };
    return fetch(path, { ...init, headers });
  }
}
