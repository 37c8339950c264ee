// Several tabs of one app share their local databases. One of them syncs each; it is the one that holds the Web Lock of
// the database's name, and when it goes the browser gives the lock to the next. It tells the others by a BroadcastChannel
// how the sync stands. Changes themselves need no telling: PouchDB's tabs notice each other's.
//
// Where there are no Web Locks, every tab syncs: dearer, and as correct, because writing a revision twice changes nothing.
// In Node there are no tabs, and neither is used.
import { inNode } from './platform.js';
import type { SyncStatus } from './types.js';

/** Of one database's tabs. */
export type Message = { type: 'status'; status: SyncStatus } | { type: 'hello' } | { type: 'gone' };

/** Of the tabs of all users: this one has signed out, and the local databases are about to go. */
export interface SignedOut {
  sub: string;
  localDataRemoved: boolean;
}

export class Tabs<M = Message> {
  readonly #name: string;
  readonly #channel: BroadcastChannel | undefined;

  constructor(name: string, onMessage: (message: M) => void) {
    this.#name = name;
    if (inNode || typeof BroadcastChannel === 'undefined') return;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => onMessage(data as M);
  }

  /** Calls `run` when this tab leads, which may be at once or after days. Returns when it has ended or was not needed. */
  async lead(signal: AbortSignal, run: () => Promise<void>): Promise<void> {
    const locks = inNode ? undefined : globalThis.navigator?.locks;
    if (!locks) return run();
    await locks.request(this.#name, { signal }, run).catch((error) => {
      if (!signal.aborted) throw error;
    });
  }

  tell(message: M): void {
    this.#channel?.postMessage(message);
  }

  close(): void {
    this.#channel?.close();
  }
}
