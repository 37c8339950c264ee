// Requests to mycouch: with the caller's token, a watchdog on silence, and errors in one form.
import { MycouchError } from './errors.js';
import { child, Stopped } from './time.js';
import type { Tokens } from './tokens.js';

export type Fetch = (url: string, options: RequestInit) => Promise<Response>;

export interface RequestOptions {
  body?: unknown;
  signal?: AbortSignal;
  /** Of silence, before the request is given up: between any two pieces of the answer. */
  silenceMs?: number;
  /** Called with each piece of the answer that comes. */
  onSignOfLife?: () => void;
}

/** Nothing for this long: the connection is dead, though nobody has said so (a laptop that slept, a train in a tunnel). */
const defaultSilenceMs = 30_000;
// A slow uplink is given the time that it needs, as nothing tells how far a body has got.
const slowestUplinkBytesPerMs = 10;

export class Http {
  readonly url: string;
  #tokens: Tokens;
  #fetch: Fetch;

  constructor(url: string, tokens: Tokens, fetch: Fetch) {
    this.url = url.replace(/\/+$/, '');
    this.#tokens = tokens;
    this.#fetch = fetch;
  }

  /** The parsed answer of a request that succeeds; everything else is thrown as a `MycouchError`, or `Stopped`. */
  async json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const bytes = await this.bytes(method, path, options);
    try {
      return JSON.parse(new TextDecoder().decode(bytes)) as T;
    } catch {
      // Not mycouch, but something between: the page of a hotel's network, for instance.
      throw new MycouchError(0, 'network', 'not JSON');
    }
  }

  /** The same, as it comes. */
  async bytes(method: string, path: string, options: RequestOptions = {}): Promise<ArrayBuffer> {
    const token = await this.#tokens.get();
    try {
      return await this.#once(method, path, options, token);
    } catch (error) {
      if (!(error instanceof MycouchError) || error.status !== 401) throw error;
      const next = await this.#tokens.replace(token);
      if (next === token) throw error;
      return this.#once(method, path, options, next);
    }
  }

  async #once(method: string, path: string, options: RequestOptions, token: string): Promise<ArrayBuffer> {
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const silence = new Silence(
      (options.silenceMs ?? defaultSilenceMs) + (body?.length ?? 0) / slowestUplinkBytesPerMs,
      options.signal,
    );
    try {
      const answer = await this.#fetch(this.url + path, {
        method,
        headers: {
          Authorization: `Bearer ${token}`,
          ...(body && { 'Content-Type': 'application/json' }),
        },
        ...(body && { body }),
        signal: silence.signal,
        credentials: 'omit',
        cache: 'no-store',
      });
      const bytes = await read(answer, () => {
        silence.broken();
        options.onSignOfLife?.();
      });
      if (!answer.ok) throw errorOf(answer, bytes);
      return bytes;
    } catch (error) {
      if (options.signal?.aborted) throw new Stopped('stopped');
      if (error instanceof MycouchError) throw error;
      if (silence.signal.aborted) throw new MycouchError(0, 'timeout', 'the connection is silent');
      throw new MycouchError(0, 'network', String((error as Error)?.message));
    } finally {
      silence.end();
    }
  }
}

/** Aborts its signal when nothing has broken it for `ms`, and with `parent`. */
class Silence {
  readonly #ms: number;
  readonly #controller: AbortController;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ms: number, parent: AbortSignal | undefined) {
    this.#ms = ms;
    this.#controller = child(parent);
    this.broken();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  broken(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(), this.#ms);
  }

  end(): void {
    clearTimeout(this.#timer);
    // Lets go of the parent.
    this.#controller.abort();
  }
}

async function read(answer: Response, onPiece: () => void): Promise<ArrayBuffer> {
  onPiece();
  // React Native's fetch has no streams.
  if (!answer.body) return answer.arrayBuffer();
  const pieces: BlobPart[] = [];
  const reader = answer.body.getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    onPiece();
    pieces.push(value as BlobPart);
  }
  return new Blob(pieces).arrayBuffer();
}

function errorOf(answer: Response, bytes: ArrayBuffer): MycouchError {
  const seconds = Number(answer.headers.get('Retry-After'));
  const retryAfterMs = seconds > 0 ? seconds * 1000 : undefined;
  try {
    const { error, reason } = JSON.parse(new TextDecoder().decode(bytes)) as { error: string; reason: string };
    return new MycouchError(answer.status, error, reason, retryAfterMs);
  } catch {
    // CouchDB's errors are JSON: this one comes from something between. It is no word of the server's about the caller.
    const status = answer.status >= 500 ? answer.status : 0;
    return new MycouchError(status, 'network', `status ${answer.status}`, retryAfterMs);
  }
}
