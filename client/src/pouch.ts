// The part of PouchDB that is used, so that neither PouchDB nor its types are a dependency.

import { ifFound } from './errors.js';
import type { Diff } from './leaves.js';

/** A document, with whatever fields it has. */
export interface Doc {
  _id: string;
  _rev?: string;
  _deleted?: boolean;
  _attachments?: Record<string, Attachment>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  [field: string]: any;
}

export interface Attachment {
  content_type?: string;
  digest?: string;
  data?: unknown;
  stub?: boolean;
  revpos?: number;
  length?: number;
}

export interface ChangeRow {
  id: string;
  seq: number | string;
  changes: { rev: string }[];
  deleted?: boolean;
}

export interface RowError {
  id?: string;
  error?: string | boolean;
  status?: number;
  name?: string;
  reason?: string;
  message?: string;
}

/** A local database: what `new PouchDB(name)` gives. */
export interface LocalDatabase {
  name: string;
  // PouchDB's own types have many overloads of each; an app gets its database back in its own type.
  /* eslint-disable @typescript-eslint/no-explicit-any */
  get(id: string, options?: any): Promise<any>;
  put(doc: any, options?: any): Promise<any>;
  bulkDocs(docs: any[], options?: any): Promise<any>;
  bulkGet(options: any): Promise<any>;
  allDocs(options?: any): Promise<any>;
  changes(options?: any): any;
  info(): Promise<any>;
  close(): Promise<any>;
  destroy(): Promise<any>;
  /* eslint-enable @typescript-eslint/no-explicit-any */
}

export type PouchConstructor<DB extends LocalDatabase> = new (name: string, options?: { auto_compaction?: boolean }) => DB;

/** The revision tree's answer to what is missing; PouchDB's types leave the method out. */
export interface Replicable {
  revsDiff(revs: Record<string, string[]>): Promise<Diff>;
}

/** A local document (`_local/…`, not replicated), or undefined. */
export function readLocal<T>(database: LocalDatabase, id: string): Promise<(T & { _rev?: string }) | undefined> {
  return ifFound(database.get(`_local/${id}`));
}

export async function writeLocal(database: LocalDatabase, id: string, value: object): Promise<void> {
  // Where another tab was faster, the last word counts.
  await untilNoConflict(async () => {
    const _rev = (await readLocal(database, id))?._rev;
    await database.put({ ...value, _id: `_local/${id}`, ...(_rev && { _rev }) });
  });
}

/** `change` reads a document and writes it; again, where it was changed in between. */
export async function untilNoConflict(change: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await change();
    } catch (error) {
      if ((error as { status?: number }).status !== 409) throw error;
    }
  }
}

/**
 * The name of a tenant's local database. No two users, tenants and names have the same: a `-` within the user's and the
 * tenant's id is written as `%2D`.
 */
export function localName(user: string, tenant: string, name: string): string {
  const part = (id: string) => encodeURIComponent(id).replace(/-/g, '%2D');
  return `mycouch-${part(user)}-${part(tenant)}-${encodeURIComponent(name)}`;
}
