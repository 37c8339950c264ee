// A tenant's database on this device, kept in sync with the server's for as long as it is open.
import type { Held } from './context.js';
import { Emitter } from './events.js';
import { type ChangeRow, type Doc, type LocalDatabase, localName } from './pouch.js';
import { describe, type Surroundings, Sync } from './sync.js';
import { Tabs } from './tabs.js';
import type { DatabaseOptions, SyncStatus, TenantDatabaseEvents } from './types.js';

/** What a database asks of the manager that opened it. */
export interface Owner<DB extends LocalDatabase> extends Surroundings {
  readonly user: string;
  open(tenant: string, name: string): DB;
  onClosed(database: TenantDatabase<DB>): void;
  forget(database: Held): Promise<void>;
  keptDocs(database: Held): Promise<Doc[]>;
}

/** What belongs to one tenant, and is replaced as a whole by a switch. */
interface Attached<DB> {
  local: DB;
  sync: Sync;
  tabs: Tabs;
  listening: { cancel(): void } | undefined;
}

const nothingYet: SyncStatus = { state: 'offline', pushed: 0, pulled: 0, pending: 0 };

export class TenantDatabase<DB extends LocalDatabase = LocalDatabase> extends Emitter<TenantDatabaseEvents> {
  readonly name: string;
  /** Opened without a tenant: it is the active one's, whichever that is. */
  readonly followsActive: boolean;

  readonly #owner: Owner<DB>;
  readonly #options: DatabaseOptions;
  #tenant: string;
  #attached: Attached<DB>;
  #status = nothingYet;
  #stop: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  #following: Promise<void> = Promise.resolve();
  #leading = false;
  #end: 'closed' | 'lost' | undefined;

  /** `TenantManager.openDatabase` makes it. */
  constructor(owner: Owner<DB>, name: string, tenant: string, options: DatabaseOptions) {
    super();
    this.#owner = owner;
    this.#options = options;
    this.name = name;
    this.followsActive = options.tenant === undefined;
    this.#tenant = tenant;
    this.#attached = this.#attach();
    if (options.autoStart !== false) this.resume();
  }

  /** The app's own PouchDB, to read and write as it likes. Another one after the event `tenant`. */
  get local(): DB {
    return this.#attached.local;
  }

  get tenant(): string {
    return this.#tenant;
  }

  get status(): SyncStatus {
    return { ...this.#status };
  }

  /** Stops syncing in this tab until `resume()`. Local work goes on. */
  pause(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }

  resume(): void {
    if (this.#end) throw new Error('the database is closed');
    if (this.#stop) return;
    const { signal } = (this.#stop = new AbortController());
    const { sync, tabs } = this.#attached;
    this.#running = this.#running
      .then(() => {
        if (signal.aborted) return undefined;
        tabs.tell({ type: 'hello' });
        return tabs.lead(signal, () => this.#lead(sync, signal));
      })
      .catch((error) => this.#show({ ...this.#status, state: 'error', error: describe(error) }));
  }

  /** What has changed here and has not reached the server, or was refused by it. After a loss, what was kept of it. */
  unpushed(): Promise<Doc[]> {
    return this.#end === 'lost' ? this.#owner.keptDocs(this) : this.#attached.sync.unpushed();
  }

  /** The same as a JSON file, attachments included. */
  async exportUnpushed(): Promise<Blob> {
    const exported = { tenant: this.#tenant, database: this.name, exportedAt: new Date().toISOString(), docs: await this.unpushed() };
    return new Blob([JSON.stringify(exported)], { type: 'application/json' });
  }

  /** Ends the sync and closes the local database; its data stay. */
  close(): Promise<void> {
    return this.#finish(() => this.local.close());
  }

  /** Ends the sync and removes the data from this device. What has not been pushed is gone with them. */
  destroyLocal(): Promise<void> {
    return this.#finish(async () => {
      await this.local.destroy();
      await this.#owner.forget(this);
    });
  }

  /** For the manager: another tenant's from here on. */
  follow(tenant: string): Promise<void> {
    const done = this.#following.then(() => this.#follow(tenant));
    this.#following = done.catch(() => {});
    return done;
  }

  async #follow(tenant: string): Promise<void> {
    if (this.#end || tenant === this.#tenant) return;
    const wasRunning = this.#stop !== undefined;
    const before = this.#attached;
    await this.#detach();
    // Closed meanwhile, it stays closed.
    if (this.#end) return;
    this.#tenant = tenant;
    this.#attached = this.#attach();
    this.emit('tenant', tenant);
    this.#show(nothingYet);
    if (wasRunning) this.resume();
    await before.local.close();
  }

  /**
   * For the manager: the membership is lost. What is unpushed is given to `keep`, and then the data are removed. A
   * database that has followed to another tenant meanwhile is left alone.
   */
  async surrender(tenant: string, keep: (docs: Doc[]) => Promise<void>): Promise<void> {
    if (this.#end || tenant !== this.#tenant) return;
    this.#end = 'lost';
    await this.#stopSync();
    try {
      await keep(await this.#attached.sync.unpushed());
      await this.local.destroy();
    } catch {
      // Another tab was faster; or they cannot be read or kept now, and are removed once they can be.
      await this.local.close().catch(() => {});
    }
    this.#attached.tabs.tell({ type: 'gone' });
    this.#attached.tabs.close();
    this.#show({ ...this.#status, state: 'denied', error: { code: 'membership_lost', message: 'no member any more' } });
    this.#owner.onClosed(this);
  }

  async #finish(how: () => Promise<void>): Promise<void> {
    if (this.#end) return;
    this.#end = 'closed';
    await this.#following;
    await this.#detach();
    await how();
    this.#owner.onClosed(this);
  }

  #attach(): Attached<DB> {
    const owner = this.#owner;
    const tenant = this.#tenant;
    const local = owner.open(tenant, this.name);
    const tabs = new Tabs(localName(owner.user, tenant, this.name), (message) => {
      if (message.type === 'status') this.#show(message.status);
      else if (message.type === 'gone') owner.onLost(tenant);
      else if (this.#leading) tabs.tell({ type: 'status', status: this.#status });
    });
    const sync = new Sync({
      ...owner,
      local,
      path: `/__tenants/${encodeURIComponent(tenant)}/${encodeURIComponent(this.name)}`,
      tenant,
      resolver: this.#options.onConflict,
      onStatus: (status) => {
        this.#show(status);
        tabs.tell({ type: 'status', status });
      },
      onWritten: (docs) => {
        for (const { _id, _deleted } of docs) this.#changed(_id, _deleted);
      },
      setListening: (on, since) => {
        attached.listening?.cancel();
        attached.listening = on && !this.#end ? this.#listen(local, sync, since) : undefined;
      },
      report: (...event) => this.emit(...event),
    });
    const attached: Attached<DB> = { local, sync, tabs, listening: this.#listen(local, sync) };
    return attached;
  }

  #listen(local: DB, sync: Sync, since: number | 'now' = 'now'): { cancel(): void } {
    const feed = local.changes({ since, live: true, style: 'all_docs' });
    feed.on('change', (row: ChangeRow) => {
      sync.noteLocalChange(row);
      this.#changed(row.id, row.deleted);
    });
    // It ends with the local database; there is nobody to tell.
    feed.on('error', () => {});
    return feed;
  }

  #changed(id: string, deleted = false): void {
    this.emit('change', { id, deleted });
  }

  async #lead(sync: Sync, signal: AbortSignal): Promise<void> {
    this.#leading = true;
    await sync.run(signal).finally(() => (this.#leading = false));
  }

  async #stopSync(): Promise<void> {
    this.pause();
    await this.#running;
    this.#attached.listening?.cancel();
  }

  async #detach(): Promise<void> {
    await this.#stopSync();
    this.#attached.tabs.close();
  }

  #show(status: SyncStatus): void {
    if (JSON.stringify(status) === JSON.stringify(this.#status)) return;
    this.#status = status;
    this.emit('status', { ...status });
  }
}
