// Several tabs of one app share their local databases. One of them syncs each; it is the one that holds the Web Lock of
// the database's name, and when it goes the browser gives the lock to the next. It tells the others by a BroadcastChannel
// how the sync stands. Changes themselves need no telling: PouchDB's tabs notice each other's.
//
// Where there are no Web Locks, every tab syncs: dearer, and as correct, because writing a revision twice changes nothing.
// In Node there are no tabs, and neither is used.
import type { SyncStatus } from './types.js';

export type Message = { type: 'status'; status: SyncStatus } | { type: 'hello' } | { type: 'gone' };

const inBrowser = 'document' in globalThis || 'WorkerGlobalScope' in globalThis;

export class Tabs {
  readonly #name: string;
  readonly #channel: BroadcastChannel | undefined;

  constructor(name: string, onMessage: (message: Message) => void) {
    this.#name = name;
    if (!inBrowser || typeof BroadcastChannel === 'undefined') return;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => onMessage(data as Message);
  }

  /** Calls `run` when this tab leads, which may be at once or after days. Returns when it has ended or was not needed. */
  async lead(signal: AbortSignal, run: () => Promise<void>): Promise<void> {
    const locks = inBrowser ? globalThis.navigator?.locks : undefined;
    if (!locks) return run();
    this.tell({ type: 'hello' });
    try {
      await locks.request(this.#name, { signal }, run);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  tell(message: Message): void {
    this.#channel?.postMessage(message);
  }

  close(): void {
    this.#channel?.close();
  }
}
