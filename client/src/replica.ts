// What pull and push share: the local database, the way to the remote one, and how far they are.
import type { Http } from './http.js';
import type { Resolver, TenantDatabaseEvents } from './types.js';
import type { ChangeRow, Doc, LocalDatabase } from './pouch.js';

export interface Progress {
  pushed: number;
  pulled: number;
  toPull: number;
}

/** What the owner of the local database is told, and asked. */
export interface Hooks {
  readonly tenant: string;
  readonly resolver: Resolver | undefined;
  /** An event for the app. */
  report<Name extends 'denied' | 'conflict'>(name: Name, event: TenantDatabaseEvents[Name]): void;
  /** Whether the database's own feed of changes is to be listened to, and from where. */
  setListening(on: boolean, since?: number): void;
  /** In place of that feed: these have been written. */
  onWritten(docs: Doc[]): void;
}

export interface Replica {
  readonly local: LocalDatabase;
  readonly http: Http;
  /** Of the remote database. */
  readonly path: string;
  /** How often the feed is to show a sign of life. */
  readonly heartbeatMs: number;
  /**
   * The names of what the pull has written and the push has not yet passed: the server has these, nobody needs to ask. Of
   * this process only; after a restart, the push asks.
   */
  readonly pulledRevs: Set<string>;
  /** How many changes to ask for at a time. */
  pageSize: number;
  readonly progress: Progress;
  readonly hooks: Hooks;
  onProgress(): void;
  working(direction: 'pull' | 'push', busy: boolean): void;
  /** After each batch of changes, which may have brought conflicts, and before its checkpoint. */
  onPulled(rows: ChangeRow[], signal: AbortSignal): Promise<void>;
  /** Up to here, the server has all that the database has; the push begins there. */
  skipTo(seq: number): void;
  /** For the push: where it may skip to, once. */
  takeSkip(): number | undefined;
  /** At each piece of the feed. */
  onSignOfLife: () => void;
  /** Resolves at the next local change. */
  nextLocalChange(): Promise<void>;
}
