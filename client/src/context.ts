// What the device knows of its users without asking: who they are, their tenants, which databases of theirs it holds,
// and what could not be sent before a membership ended. A PouchDB of its own, so that it works wherever PouchDB does.
// Users are found by the `sub` of their tokens, which is all that a device without a network may know.
import { ifFound } from './errors.js';
import { nameOf } from './leaves.js';
import { type Doc, type LocalDatabase, type PouchConstructor, readLocal, untilNoConflict, writeLocal } from './pouch.js';
import type { KeptChanges, TenantContext } from './types.js';

export interface Held {
  tenant: string;
  name: string;
}

export interface KnownContext extends TenantContext {
  /** The active tenant was changed offline, and the server is still to be told. */
  untold: boolean;
}

export interface StoredContext extends KnownContext {
  databases: Held[];
  kept: KeptChanges[];
}

export class ContextStore {
  readonly #open: () => LocalDatabase;
  #database: LocalDatabase | undefined;
  // One change after the other, within this tab; another tab's is met by trying again.
  #queue: Promise<unknown> = Promise.resolve();

  constructor(PouchDB: PouchConstructor<LocalDatabase>) {
    this.#open = () => new PouchDB('mycouch-context', { auto_compaction: true });
  }

  async lastSub(): Promise<string | null> {
    return (await readLocal<{ sub: string | null }>(this.#db, 'last-user'))?.sub ?? null;
  }

  setLastSub(sub: string | null): Promise<void> {
    return this.#enqueue(() => writeLocal(this.#db, 'last-user', { sub }));
  }

  async read(sub: string): Promise<Partial<StoredContext>> {
    return (await this.#get(sub))?.context ?? {};
  }

  update(sub: string, change: (context: Partial<StoredContext>) => Partial<StoredContext>): Promise<void> {
    return this.#enqueue(() => untilNoConflict(async () => {
      const doc = (await this.#get(sub)) ?? { _id: idOf(sub), context: {} };
      await this.#db.put({ ...doc, context: { ...doc.context, ...change(doc.context) } });
    }));
  }

  /** `held`: the database itself where it is on the device, or nothing. */
  setHeld(sub: string, database: Held, held: Held[] = []): Promise<void> {
    return this.update(sub, ({ databases = [] }) => ({ databases: [...others(databases, database), ...held] }));
  }

  async kept(sub: string): Promise<KeptChanges[]> {
    return (await this.read(sub)).kept ?? [];
  }

  keep(sub: string, changes: KeptChanges): Promise<void> {
    return this.update(sub, ({ kept = [] }) => {
      // Whoever lost a membership twice has not exported the first time's changes yet.
      const docs = [...kept.filter((before) => same(before, changes)), changes].flatMap((one) => one.docs);
      const once = new Map(docs.map((doc) => [nameOf(doc._id, doc._rev), doc]));
      return { kept: [...others(kept, changes), { ...changes, docs: [...once.values()] }] };
    });
  }

  discard(sub: string, database: Held): Promise<void> {
    return this.update(sub, ({ kept = [] }) => ({ kept: others(kept, database) }));
  }

  /** Everything of a user. */
  forget(sub: string): Promise<void> {
    return this.#enqueue(async () => {
      const doc = await this.#get(sub);
      if (doc) await this.#db.put({ _id: doc._id, _rev: doc._rev, _deleted: true });
    });
  }

  async close(): Promise<void> {
    await this.#queue;
    await this.#database?.close();
    this.#database = undefined;
  }

  get #db(): LocalDatabase {
    return (this.#database ??= this.#open());
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => {});
    return result;
  }

  #get(sub: string): Promise<Doc | undefined> {
    return ifFound(this.#db.get(idOf(sub)));
  }
}

export function same(one: Held, other: Held): boolean {
  return one.tenant === other.tenant && one.name === other.name;
}

function others<T extends Held>(all: T[], one: Held): T[] {
  return all.filter((other) => !same(one, other));
}

function idOf(sub: string): string {
  return `user/${encodeURIComponent(sub)}`;
}
