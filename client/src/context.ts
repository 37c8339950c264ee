// What the device knows of its users without asking: who they are, their tenants, which databases of theirs it holds,
// and what could not be sent before a membership ended. A PouchDB of its own, so that it works wherever PouchDB does.
import { ifFound } from './errors.js';
import { type Doc, type LocalDatabase, type PouchConstructor, readLocal, writeLocal } from './pouch.js';
import type { KeptChanges, TenantContext } from './types.js';

export interface Held {
  tenant: string;
  name: string;
}

export interface StoredContext extends TenantContext {
  /** The active tenant was changed offline, and the server is still to be told. */
  untold: boolean;
  databases: Held[];
}

export class ContextStore {
  readonly #open: () => LocalDatabase;
  #database: LocalDatabase | undefined;
  // One change after the other, within this tab; another tab's is met by trying again.
  #queue: Promise<unknown> = Promise.resolve();

  constructor(PouchDB: PouchConstructor<LocalDatabase>) {
    this.#open = () => new PouchDB('mycouch-context', { auto_compaction: true });
  }

  async lastUser(): Promise<string | null> {
    return (await readLocal<{ user: string | null }>(this.#db, 'last-user'))?.user ?? null;
  }

  setLastUser(user: string | null): Promise<void> {
    return this.#enqueue(() => writeLocal(this.#db, 'last-user', { user }));
  }

  async read(user: string): Promise<Partial<StoredContext>> {
    return (await this.#get(userId(user)))?.context ?? {};
  }

  update(user: string, change: (context: Partial<StoredContext>) => Partial<StoredContext>): Promise<void> {
    return this.#enqueue(async () => {
      for (;;) {
        const doc = (await this.#get(userId(user))) ?? { _id: userId(user), context: {} };
        try {
          await this.#db.put({ ...doc, context: { ...doc.context, ...change(doc.context) } });
          return;
        } catch (error) {
          if ((error as { status?: number }).status !== 409) throw error;
        }
      }
    });
  }

  async kept(user: string): Promise<KeptChanges[]> {
    const { rows } = await this.#db.allDocs({ include_docs: true, startkey: keptId(user, ''), endkey: `${keptId(user, '')}\uffff` });
    return (rows as { doc: Doc }[]).map(({ doc }) => doc.changes as KeptChanges);
  }

  keep(user: string, changes: KeptChanges): Promise<void> {
    return this.#enqueue(async () => {
      const _id = keptId(user, `${changes.tenant}/${changes.name}`);
      const before = await this.#get(_id);
      // Whoever lost a membership twice has not exported the first time's changes yet.
      const docs = new Map([...(before?.changes.docs ?? []), ...changes.docs].map((doc: Doc) => [doc._id, doc]));
      await this.#db.put({ ...before, _id, changes: { ...changes, docs: [...docs.values()] } });
    });
  }

  discard(user: string, { tenant, name }: Held): Promise<void> {
    return this.#enqueue(() => this.#remove(keptId(user, `${tenant}/${name}`)));
  }

  /** Everything of a user. */
  forget(user: string): Promise<void> {
    return this.#enqueue(async () => {
      for (const { tenant, name } of await this.kept(user)) await this.#remove(keptId(user, `${tenant}/${name}`));
      await this.#remove(userId(user));
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

  #get(id: string): Promise<Doc | undefined> {
    return ifFound(this.#db.get(id));
  }

  async #remove(id: string): Promise<void> {
    const doc = await this.#get(id);
    if (doc) await this.#db.put({ _id: id, _rev: doc._rev, _deleted: true });
  }
}

const userId = (user: string) => `user/${encodeURIComponent(user)}`;
const keptId = (user: string, rest: string) => `kept/${encodeURIComponent(user)}/${rest}`;
