// A band's documents on this device: all of them in memory as signals, fed by the local database's changes.
import { computed, signal } from '@preact/signals';
import { resolveChecklistItems, type SyncStatus, type TenantDatabase, type TenantManager } from 'mycouch-client';

import type { Equipment, Gig, GigType, RoadyDocument } from './documents';

type Documents = ReadonlyMap<string, RoadyDocument>;

// A first sync brings thousands of changes: the screen is drawn once for those of a moment.
const drawEvery = 40; // milliseconds

function byName(a: RoadyDocument, b: RoadyDocument): number {
  return a.name.localeCompare(b.name);
}

export class BandData {
  readonly documents = signal<Documents>(new Map());
  readonly status = signal<SyncStatus>({ state: 'connecting', pushed: 0, pulled: 0, pending: 0 });
  /** What is on the device has been read. */
  readonly loaded = signal(false);

  readonly equipment = computed(() => this.#living<Equipment>('equipment').sort(byName));
  readonly gigTypes = computed(() => this.#living<GigType>('gig_type').sort(byName));
  readonly gigs = computed(() => this.#living<Gig>('gig').sort((a, b) => a.date.localeCompare(b.date)));
  readonly trash = computed(() =>
    [...this.documents.value.values()]
      .filter(({ deletedAt }) => deletedAt)
      .sort((a, b) => (b.deletedAt ?? '').localeCompare(a.deletedAt ?? '')),
  );

  readonly database: TenantDatabase<PouchDB.Database>;
  readonly #stopListening: (() => void)[] = [];
  #changes: PouchDB.Core.Changes<RoadyDocument> | undefined;
  #waiting: RoadyDocument[] = [];
  #closed = false;

  constructor(manager: TenantManager<PouchDB.Database>, readonly tenant: string) {
    this.database = manager.openDatabase('roady', {
      tenant,
      onConflict: resolveChecklistItems(['loadoutChecklist', 'loadinChecklist']),
    });
    this.status.value = this.database.status;
    this.#stopListening.push(this.database.on('status', (status) => (this.status.value = status)));
    void this.#load();
  }

  get<D extends RoadyDocument>(id: string, type: D['type']): D | undefined {
    const found = this.documents.value.get(id);
    return found?.type === type ? (found as D) : undefined;
  }

  async create(document: RoadyDocument): Promise<void> {
    await this.#local.put(document);
  }

  /** Writes what `edit` makes of the document as it is by then: an edit never overwrites one that it has not seen. */
  async edit<D extends RoadyDocument>(id: string, edit: (document: D) => D): Promise<void> {
    for (;;) {
      const stored = (await this.#local.get(id)) as unknown as D;
      try {
        const edited: RoadyDocument = { ...edit(stored), updatedAt: new Date().toISOString() };
        await this.#local.put(edited);
        return;
      } catch (error) {
        if ((error as PouchDB.Core.Error).status !== 409) throw error;
      }
    }
  }

  moveToTrash(id: string): Promise<void> {
    return this.edit(id, (document) => ({ ...document, deletedAt: new Date().toISOString() }));
  }

  restore(id: string): Promise<void> {
    return this.edit(id, ({ deletedAt: _, ...document }) => document as RoadyDocument);
  }

  async deleteForGood(id: string): Promise<void> {
    await this.#local.remove(await this.#local.get(id));
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#changes?.cancel();
    for (const stop of this.#stopListening) stop();
    return this.database.close();
  }

  get #local(): PouchDB.Database<RoadyDocument> {
    return this.database.local as PouchDB.Database<RoadyDocument>;
  }

  #living<D extends RoadyDocument>(type: D['type']): D[] {
    return [...this.documents.value.values()].filter((document) => document.type === type && !document.deletedAt) as D[];
  }

  async #load(): Promise<void> {
    const { update_seq: since } = await this.#local.info();
    const { rows } = await this.#local.allDocs({ include_docs: true });
    if (this.#closed) return;
    this.documents.value = new Map(rows.flatMap(({ doc }) => (doc ? [[doc._id, doc]] : [])));
    this.loaded.value = true;
    this.#changes = this.#local
      .changes({ since, live: true, include_docs: true })
      .on('change', ({ doc }) => doc && this.#take(doc));
  }

  #take(document: RoadyDocument & { _deleted?: boolean }): void {
    this.#waiting.push(document);
    if (this.#waiting.length > 1) return;
    setTimeout(() => {
      const documents = new Map(this.documents.value);
      for (const changed of this.#waiting as (RoadyDocument & { _deleted?: boolean })[]) {
        if (changed._deleted) documents.delete(changed._id);
        else documents.set(changed._id, changed);
      }
      this.#waiting = [];
      this.documents.value = documents;
    }, drawEvery);
  }
}
