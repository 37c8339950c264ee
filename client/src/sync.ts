// The sync of one local database, as a loop of sessions.
//
// A session opens the feed, pulls and pushes until something fails; what failed decides what is shown and how long it is
// waited before the next one. Nothing that the network does ends the loop: only the app does, or the loss of the
// membership.
import { Bell } from './bell.js';
import { Conflicts } from './conflicts.js';
import { isQuotaExceeded, isUnreachable, MycouchError } from './errors.js';
import type { Http } from './http.js';
import type { ChangeRow, Doc, LocalDatabase } from './pouch.js';
import { nameOf } from './leaves.js';
import { paced, pull } from './pull.js';
import { push, ReadOnly, unpushed, unpushedIds } from './push.js';
import type { Hooks, Progress, Replica } from './replica.js';
import { backoff, child, delay, onWake } from './time.js';
import type { SyncState, SyncStatus } from './types.js';

/** What all databases of a manager have in common. */
export interface Surroundings {
  readonly http: Http;
  readonly heartbeatMs: number;
  /** The server has answered: it is there, and so is the membership. */
  onConnected(): void;
  /** The server says that the caller is no member of the tenant any more. The loop has ended. */
  onLost(tenant: string): void;
  /** Whether the server says that the membership has ended; throws where it says nothing. */
  isLost(tenant: string): Promise<boolean>;
}

export interface SyncOptions extends Hooks, Surroundings {
  local: LocalDatabase;
  /** Of the remote database. */
  path: string;
  onStatus(status: SyncStatus): void;
}

type Direction = 'pull' | 'push';

const readOnlyRetryMs = 60_000;

export class Sync implements Replica {
  readonly local: LocalDatabase;
  readonly http: Http;
  readonly path: string;
  readonly heartbeatMs: number;
  readonly pulledRevs = new Set<string>();
  pageSize = 250;
  readonly progress: Progress = { pushed: 0, pulled: 0, toPull: 0 };

  readonly hooks: SyncOptions;

  readonly #conflicts: Conflicts;
  readonly #localChange = new Bell();
  readonly #wake = new Bell();
  // Documents that were changed here and not passed by the push.
  readonly #toPush = new Set<string>();
  // Whether documents are on their way. Unknown until the session has looked.
  #moving: Partial<Record<Direction, boolean>> = {};
  #readOnly = false;
  #skip: number | undefined;
  #state: SyncState = 'offline';
  #error: SyncStatus['error'];
  #failures = 0;
  #lastSignOfLife = 0;
  #session: AbortController | undefined;

  constructor(options: SyncOptions) {
    this.hooks = options;
    this.local = options.local;
    this.http = options.http;
    this.path = options.path;
    this.heartbeatMs = options.heartbeatMs;
    this.#conflicts = new Conflicts(this);
  }

  get status(): SyncStatus {
    const { pushed, pulled, toPull } = this.progress;
    const pending = toPull + this.#toPush.size;
    return { state: this.#state, pushed, pulled, pending, ...(this.#error ? { error: this.#error } : {}) };
  }

  /** Syncs until `signal` is aborted or the membership is lost. */
  async run(signal: AbortSignal): Promise<void> {
    const stopListening = onWake((offline) => this.#worldChanged(offline));
    this.#show('connecting');
    try {
      while (!signal.aborted) {
        const failure = await this.#runSession(signal);
        if (signal.aborted) break;
        if (failure && (await this.#handle(failure, signal)) === 'lost') return this.hooks.onLost(this.hooks.tenant);
      }
    } finally {
      stopListening();
      this.#show('offline');
    }
  }

  /** A document has changed in the local database, by whoever it was. */
  noteLocalChange({ id, changes }: ChangeRow): void {
    if (!changes.every(({ rev }) => this.pulledRevs.has(nameOf(id, rev)))) {
      this.#toPush.add(id);
      this.onProgress();
    }
    this.#localChange.ring();
  }

  unpushed(): Promise<Doc[]> {
    return unpushed(this.local, this.pulledRevs);
  }

  // What pull and push tell.

  onProgress(): void {
    this.hooks.onStatus(this.status);
  }

  working(direction: Direction, busy: boolean): void {
    this.#moving[direction] = busy;
    if (direction === 'push' && !busy) {
      this.#readOnly = false;
      this.#toPush.clear();
    }
    this.#showSession();
  }

  onPulled(rows: ChangeRow[], signal: AbortSignal): Promise<void> {
    return this.#conflicts.resolve(rows.map(({ id }) => id), signal);
  }

  onSignOfLife = (): void => {
    this.#lastSignOfLife = Date.now();
  };

  skipTo(seq: number): void {
    this.#skip = seq;
    this.#localChange.ring();
  }

  takeSkip(): number | undefined {
    const skip = this.#skip;
    if (skip !== undefined) this.pulledRevs.clear();
    this.#skip = undefined;
    return skip;
  }

  nextLocalChange(): Promise<void> {
    return this.#localChange.next();
  }

  // The loop.

  /** The failure that ended it, or nothing where it was ended on purpose, to begin another. */
  async #runSession(signal: AbortSignal): Promise<unknown> {
    const session = (this.#session = child(signal));
    session.signal.addEventListener('abort', () => this.#localChange.ring());
    this.#moving = {};
    this.onSignOfLife();
    try {
      for (const id of await unpushedIds(this.local)) this.#toPush.add(id);
      const { update_seq } = await this.http.json<{ update_seq: string }>('GET', `${this.path}/`, session);
      this.#failures = 0;
      this.hooks.onConnected();
      const epoch = String(update_seq).split('-').slice(1).join('-');
      const directions = [pull(this, session.signal), this.#push(epoch, session.signal)];
      await Promise.all(directions).finally(() => {
        session.abort();
        return Promise.allSettled(directions);
      });
    } catch (error) {
      if ((error as MycouchError).code !== 'stopped') return error;
    } finally {
      session.abort();
    }
    return undefined;
  }

  // Who may only read goes on reading.
  async #push(epoch: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await push(this, epoch, signal);
      } catch (error) {
        if (!(error instanceof ReadOnly) || (await this.#isLost())) throw error;
        this.#readOnly = true;
        this.#moving.push = false;
        this.#showSession();
        await delay(readOnlyRetryMs, signal);
      }
    }
  }

  async #handle(failure: unknown, signal: AbortSignal): Promise<'lost' | void> {
    this.pageSize = paced(this.pageSize, Infinity);
    const { status, retryAfterMs = 0 } = failure as Partial<MycouchError>;
    if ((status === 403 || status === 404) && (await this.#isLost())) return 'lost';
    this.#show(isUnreachable(failure) ? 'offline' : 'error', describe(failure));
    const waitMs = Math.max(backoff(this.#failures++), retryAfterMs);
    const woken = child(signal);
    void this.#wake.next().then(() => woken.abort());
    await delay(waitMs, woken.signal);
    woken.abort();
  }

  #isLost(): Promise<boolean> {
    return this.hooks.isLost(this.hooks.tenant).catch(() => false);
  }

  #worldChanged(offline: boolean): void {
    // A feed that has missed a heartbeat while the machine slept is not waited for.
    const stale = Date.now() - this.#lastSignOfLife > this.heartbeatMs * 1.2;
    if (offline || stale) this.#session?.abort();
    if (offline) return;
    if (this.#state === 'offline' || this.#state === 'error') this.#show('connecting');
    this.#wake.ring();
  }

  #showSession(): void {
    const { pull, push } = this.#moving;
    if (pull || push) this.#show('syncing');
    else if (pull === false && push === false) this.#show(this.#readOnly ? 'denied' : 'uptodate');
  }

  #show(state: SyncState, error?: SyncStatus['error']): void {
    this.#state = state;
    this.#error = error;
    this.onProgress();
  }
}

/** A failure as it is shown. */
export function describe(failure: unknown): NonNullable<SyncStatus['error']> {
  if (failure instanceof MycouchError) return { code: failure.code, message: failure.message, status: failure.status };
  return { code: isQuotaExceeded(failure) ? 'quota_exceeded' : 'local', message: (failure as Error).message };
}
