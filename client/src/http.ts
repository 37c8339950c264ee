// Requests to mycouch: with the caller's token, a watchdog on silence, and errors in one form.
import { MycouchError, notMycouch } from './errors.js';
import { child } from './time.js';
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

  /** The parsed answer of a request that succeeds; everything else is thrown as a `MycouchError`. */
  async json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const bytes = await this.bytes(method, path, options);
    try {
      return JSON.parse(new TextDecoder().decode(bytes)) as T;
    } catch {
      throw notMycouch();
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
    const silenceMs = (options.silenceMs ?? defaultSilenceMs) + (body?.length ?? 0) / slowestUplinkBytesPerMs;
    // Aborted when nothing has come for so long, and with the caller's.
    const controller = child(options.signal);
    const { signal } = controller;
    const abort = () => controller.abort();
    let timer = setTimeout(abort, silenceMs);
    const silenced = new Promise<never>((_, reject) => signal.addEventListener('abort', reject));
    silenced.catch(() => {});
    // Node's fetch does not always notice that its signal is aborted.
    const heard = <T>(work: Promise<T>) => Promise.race([work, silenced]);
    try {
      signal.throwIfAborted();
      const request = this.#fetch(this.url + path, {
        method,
        headers: {
          Authorization: `Bearer ${token}`,
          ...(body && { 'Content-Type': 'application/json' }),
        },
        ...(body && { body }),
        signal,
      });
      const answer = await heard(request);
      const bytes = await heard(read(answer, () => {
        clearTimeout(timer);
        timer = setTimeout(abort, silenceMs);
        options.onSignOfLife?.();
      }));
      if (!answer.ok) throw errorOf(answer, bytes);
      return bytes;
    } catch (error) {
      if (options.signal?.aborted) throw new MycouchError(499, 'stopped', 'stopped');
      if (error instanceof MycouchError) throw error;
      if (signal.aborted) throw new MycouchError(0, 'timeout', 'silent');
      throw new MycouchError(0, 'network', String((error as Error)?.message));
    } finally {
      clearTimeout(timer);
      // Lets go of the caller's signal.
      abort();
    }
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
  const retryAfterMs = (Number(answer.headers.get('Retry-After')) || 0) * 1000;
  try {
    const { error, reason } = JSON.parse(new TextDecoder().decode(bytes)) as { error: string; reason: string };
    return new MycouchError(answer.status, error, reason, retryAfterMs);
  } catch {
    // CouchDB's errors are JSON: this one comes from something between. It is no word of the server's about the caller.
    const status = answer.status >= 500 ? answer.status : 0;
    return new MycouchError(status, 'network', `status ${answer.status}`, retryAfterMs);
  }
}
