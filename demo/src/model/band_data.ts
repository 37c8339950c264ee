// A band's documents on this device: all of them in memory as signals, fed by the local database's changes.
//
// What one does is shown at once: an edit is laid over what is stored until it is stored itself. Without that, a box that
// was just ticked would flicker whenever something else was drawn before the database had answered.
import { computed, signal } from '@preact/signals';
import { resolveChecklistItems, type SyncStatus, type TenantDatabase, type TenantManager } from 'mycouch-client';

import type { Equipment, Gig, GigType, RoadyDocument } from './documents';

type Documents = ReadonlyMap<string, RoadyDocument>;
type Change = RoadyDocument & { _deleted?: boolean };

interface Edit {
  id: string;
  apply: (document: RoadyDocument) => RoadyDocument;
}

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
  readonly #stored = new Map<string, RoadyDocument>();
  readonly #edits: Edit[] = [];
  /** Revisions that edits of this page have replaced: the changes feed may still be on its way with them. */
  readonly #replaced = new Set<string>();
  #waiting: Change[] = [];
  #closed = false;

  constructor(manager: TenantManager<PouchDB.Database>, readonly tenant: string) {
    this.database = manager.openDatabase('roady', {
      tenant,
      onConflict: resolveChecklistItems(['loadoutChecklist', 'loadinChecklist']),
    });
    this.status.value = this.database.status;
    this.#stopListening.push(this.database.on('status', (status) => (this.status.value = status)));
    this.#load().catch((error: unknown) => {
      // A band that is left while it is still being read has nothing more to show.
      if (!this.#closed) throw error;
    });
  }

  get<D extends RoadyDocument>(id: string, type: D['type']): D | undefined {
    const found = this.documents.value.get(id);
    return found?.type === type ? (found as D) : undefined;
  }

  async create(document: RoadyDocument): Promise<void> {
    const { rev } = await this.#local.put(document);
    this.#stored.set(document._id, { ...document, _rev: rev });
    this.#draw();
  }

  /** Writes what `change` makes of the document as it is by then: an edit never overwrites one that it has not seen. */
  async edit<D extends RoadyDocument>(id: string, change: (document: D) => D): Promise<void> {
    const apply = (document: RoadyDocument): RoadyDocument => ({ ...change(document as D), updatedAt: new Date().toISOString() });
    const edit = { id, apply };
    this.#edits.push(edit);
    this.#draw();
    try {
      await this.#store(edit);
    } finally {
      this.#edits.splice(this.#edits.indexOf(edit), 1);
      this.#draw();
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
    for (const { doc } of rows) if (doc) this.#stored.set(doc._id, doc);
    this.loaded.value = true;
    this.#draw();
    this.#changes = this.#local
      .changes({ since, live: true, include_docs: true })
      .on('change', ({ doc }) => doc && this.#take(doc));
  }

  async #store({ id, apply }: Edit): Promise<void> {
    for (;;) {
      const stored = await this.#local.get(id);
      const edited = apply(stored);
      try {
        const { rev } = await this.#local.put(edited);
        this.#replaced.add(stored._rev);
        this.#stored.set(id, { ...edited, _rev: rev });
        return;
      } catch (error) {
        if ((error as PouchDB.Core.Error).status !== 409) throw error;
      }
    }
  }

  #take(change: Change): void {
    this.#waiting.push(change);
    if (this.#waiting.length > 1) return;
    setTimeout(() => {
      for (const changed of this.#waiting) {
        if (changed._deleted) this.#stored.delete(changed._id);
        else if (!this.#replaced.has(changed._rev ?? '')) this.#stored.set(changed._id, changed);
      }
      this.#waiting = [];
      this.#draw();
    }, drawEvery);
  }

  #draw(): void {
    const documents = new Map(this.#stored);
    for (const { id, apply } of this.#edits) {
      const document = documents.get(id);
      if (document) documents.set(id, apply(document));
    }
    this.documents.value = documents;
  }
}
