// What pull and push share: the local database, the way to the remote one, and how far they are.
import type { Http } from './http.js';
import type { Pace } from './pull.js';
import type { ChangeRow, Doc, LocalDatabase } from './pouch.js';

export interface Progress {
  pushed: number;
  pulled: number;
  toPull: number;
}

export interface Replica {
  readonly local: LocalDatabase;
  readonly http: Http;
  /** Of the remote database. */
  readonly path: string;
  /**
   * `id rev` of what the pull has written and the push has not yet passed: the server has these, nobody needs to ask. Of
   * this process only; after a restart, the push asks.
   */
  readonly pulledRevs: Set<string>;
  readonly pace: Pace;
  readonly progress: Progress;
  onProgress(): void;
  working(direction: 'pull' | 'push', busy: boolean): void;
  /** After each batch of changes, which may have brought conflicts, and before its checkpoint. */
  onPulled(rows: ChangeRow[], signal: AbortSignal): Promise<void>;
  /** Whether the database's own feed of changes is listened to, and from where. */
  setListening(on: boolean, since?: number): void;
  /** In place of that feed: these have been written. */
  onWritten(docs: Doc[]): void;
  /** Up to here, the server has all that the database has; the push begins there. */
  skipTo(seq: number): void;
  /** For the push: where it may skip to, once. */
  takeSkip(): number | undefined;
  /** At each piece of the feed. */
  onSignOfLife: () => void;
  onDenied(id: string, code: string, reason: string): void;
  /** Resolves at the next local change. */
  nextLocalChange(): Promise<void>;
}
