/** What went wrong with a request, in the server's words. */
export class MycouchError extends Error {
  /** HTTP's status; 0 where no answer came, 401 also where there is no token to ask with. */
  readonly status: number;
  /** CouchDB's word for it (`forbidden`), or one of ours: see `docs/client.md`. */
  readonly code: string;
  /** How long the server asked to be left alone. */
  readonly retryAfterMs: number;

  constructor(status: number, code: string, reason: string, retryAfterMs = 0) {
    super(reason);
    this.name = 'MycouchError';
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** No answer of a working mycouch: no network, a server that is down, or a proxy that says so in its place. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof MycouchError && (error.status === 0 || error.status >= 502);
}

/** The answer is none of mycouch's, but of something between: the page of a hotel's network, for instance. */
export function notMycouch(): MycouchError {
  return new MycouchError(0, 'network', 'not mycouch');
}

/** What can be done later too, where there is no answer now. */
export async function ifReachable(work: Promise<unknown>): Promise<void> {
  await work.catch((error) => {
    if (!isUnreachable(error)) throw error;
  });
}

/** What was looked for, or undefined where it is not there: on the server as in PouchDB, that is a 404. */
export function ifFound<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error) => {
    if (error?.status === 404) return undefined;
    throw error;
  });
}

/** Browsers and PouchDB's adapters name a full disk in different members of the error. */
export function isQuotaExceeded(error: unknown): boolean {
  const { name, message, reason } = (error ?? {}) as Record<string, unknown>;
  return /quota/i.test(`${name} ${message} ${reason}`);
}
