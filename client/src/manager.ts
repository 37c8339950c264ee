// The signed-in user: who that is, which tenants there are, and the databases that are open.
import { ContextStore, type Held, type StoredContext } from './context.js';
import { isUnreachable, MycouchError } from './errors.js';
import { Emitter } from './events.js';
import { type Fetch, Http } from './http.js';
import { extractActiveTenantIdFromJWT, extractUserIdFromJWT } from './jwt.js';
import { type Doc, type LocalDatabase, localName, type PouchConstructor } from './pouch.js';
import { unpushed } from './push.js';
import { type Owner, TenantDatabase } from './tenant_database.js';
import { onWake } from './time.js';
import { type GetToken, Tokens } from './tokens.js';
import type {
  DatabaseOptions, Invitation, InvitationPreview, KeptChanges, Member, MembershipLost, Role, Tenant, TenantContext, TenantManagerEvents, User,
} from './types.js';

export interface TenantManagerOptions<DB extends LocalDatabase> {
  /** Of the server: `https://couch.app.example`. */
  url: string;
  getToken: GetToken;
  PouchDB: PouchConstructor<DB>;
  /** In place of the platform's. */
  fetch?: Fetch;
  /**
   * How often the server is to show a sign of life while it waits for changes, in milliseconds: 10,000. After two and a
   * half times as long without one, the connection is taken for dead.
   */
  heartbeatMs?: number;
}

export class TenantManager<DB extends LocalDatabase = LocalDatabase> extends Emitter<TenantManagerEvents> {
  readonly #PouchDB: PouchConstructor<DB>;
  readonly #tokens: Tokens;
  readonly #http: Http;
  readonly #store: ContextStore;
  readonly #heartbeatMs: number;
  readonly #open = new Set<TenantDatabase<DB>>();
  readonly #losing = new Map<string, Promise<void>>();
  #context: StoredContext | undefined;
  // How often the active tenant was changed here.
  #switches = 0;
  // What is shown came from the device; the server has not been asked yet.
  #stale = true;
  #refreshing: Promise<void> | undefined;
  #stopListening: (() => void) | undefined;

  constructor(options: TenantManagerOptions<DB>) {
    super();
    const { url, getToken, PouchDB, fetch = (...request) => globalThis.fetch(...request), heartbeatMs = 10_000 } = options;
    this.#PouchDB = PouchDB;
    this.#heartbeatMs = heartbeatMs;
    this.#tokens = new Tokens(getToken);
    this.#http = new Http(url, this.#tokens, fetch);
    this.#store = new ContextStore(PouchDB);
  }

  // Signing in and out

  /**
   * Who is signed in, and their tenants. At the first sign-in, the server makes the user and a personal tenant. Where the
   * server cannot be reached, it is what this device knows from the last time; the server is asked later, and changes
   * come as events.
   */
  async initializeTenantContext(): Promise<TenantContext> {
    try {
      await this.#bootstrap();
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      this.#context = await this.#remembered();
      if (!this.#context) throw error;
      this.#stale = true;
    }
    this.#stopListening ??= onWake((offline) => !offline && void this.#refresh().catch(() => {}));
    const { user, tenants, activeTenantId } = this.#context!;
    return { user, tenants, activeTenantId };
  }

  /** Ends all syncs and forgets the token. With `removeLocalData`, nothing of the user is left on this device. */
  async signOut({ removeLocalData = false }: { removeLocalData?: boolean } = {}): Promise<void> {
    const context = this.#context;
    await this.#end();
    if (context) {
      const user = context.user._id;
      if (removeLocalData) {
        const { databases = [] } = await this.#store.read(user);
        for (const { tenant, name } of databases) await this.#openLocal(localName(user, tenant, name)).destroy();
        await this.#store.forget(user);
      }
      await this.#store.setLastUser(null);
    }
    await this.#store.close();
    this.#context = undefined;
    this.#tokens.forget();
    this.emit('signedout', { localDataRemoved: removeLocalData });
  }

  /** Ends all syncs and closes the local databases; who is signed in is remembered for the next start. */
  async close(): Promise<void> {
    await this.#end();
    await this.#store.close();
    this.#context = undefined;
  }

  // Tenants

  /** The caller's tenants as the server has them; out of its reach, as this device knows them. */
  async getMyTenants(): Promise<Tenant[]> {
    try {
      await this.#refreshTenants();
    } catch (error) {
      if (!isUnreachable(error)) throw error;
    }
    return this.#known.tenants;
  }

  /** Null before `initializeTenantContext`. */
  getActiveTenant(): string | null {
    return this.#context?.activeTenantId ?? null;
  }

  /** Offline too: the server is then told later. */
  async setActiveTenant(id: string): Promise<void> {
    if (!this.#known.tenants.some(({ _id }) => _id === id)) throw new MycouchError(403, 'forbidden', `no member of ${id}`);
    this.#switches += 1;
    await this.#update({ activeTenantId: id, untold: true });
    this.emit('activetenant', id);
    try {
      await this.#tellActiveTenant();
    } catch (error) {
      if (!isUnreachable(error)) throw error;
    }
  }

  /** The same, and databases that were opened without a tenant follow, with a token that names the new one. */
  async switchTenant(id: string): Promise<void> {
    if (id === this.getActiveTenant()) return;
    for (const { name, followsActive } of this.#open) if (followsActive) this.#refuseTwice(name, id);
    await this.setActiveTenant(id);
    await this.#follow();
  }

  createTenant(name: string, metadata?: Record<string, unknown>): Promise<Tenant> {
    return this.#sendAndRefresh('POST', '/__tenants', { name, metadata });
  }

  async renameTenant(id: string, name: string): Promise<void> {
    await this.#sendAndRefresh('PUT', tenantPath(id), { name });
  }

  /** For the owner, not the active one, and not a personal one. It can be restored for 30 days. */
  async deleteTenant(id: string): Promise<void> {
    await this.#send('DELETE', tenantPath(id));
    await this.#lost(id, 'left');
    await this.#refreshTenants();
  }

  restoreTenant(id: string): Promise<Tenant> {
    return this.#sendAndRefresh('POST', `${tenantPath(id)}/restore`, {});
  }

  async leaveTenant(id: string): Promise<void> {
    await this.#send('DELETE', `${tenantPath(id)}/members/_me`);
    await this.#lost(id, 'left');
    await this.#refresh();
  }

  // Members and invitations

  getMembers(tenant: string): Promise<Member[]> {
    return this.#send('GET', `${tenantPath(tenant)}/members`);
  }

  /** `user` is a member's `id`. */
  async setRole(tenant: string, user: string, role: Exclude<Role, 'owner'>): Promise<void> {
    await this.#send('PUT', memberPath(tenant, user), { role });
  }

  async removeMember(tenant: string, user: string): Promise<void> {
    await this.#send('DELETE', memberPath(tenant, user));
  }

  /** Makes another member the owner, and the caller an admin. */
  transferTenant(tenant: string, user: string): Promise<Tenant> {
    return this.#sendAndRefresh('POST', `${tenantPath(tenant)}/transfer`, { userId: user });
  }

  /** Its `token` is in this answer only. `expiresIn` is in seconds: 7 days where it is left out. */
  createInvitation(
    tenant: string,
    { role, email, expiresIn }: { role: Exclude<Role, 'owner'>; email?: string; expiresIn?: number },
  ): Promise<Invitation & { token: string }> {
    return this.#send('POST', `${tenantPath(tenant)}/invitations`, { role, email, expires_in: expiresIn });
  }

  getInvitations(tenant: string): Promise<Invitation[]> {
    return this.#send('GET', `${tenantPath(tenant)}/invitations`);
  }

  async revokeInvitation(tenant: string, id: string): Promise<void> {
    await this.#send('DELETE', `${tenantPath(tenant)}/invitations/${encodeURIComponent(id)}`);
  }

  previewInvitation(token: string): Promise<InvitationPreview> {
    return this.#send('GET', `/__invitations/${encodeURIComponent(token)}`);
  }

  acceptInvitation(token: string): Promise<Tenant> {
    return this.#sendAndRefresh('POST', `/__invitations/${encodeURIComponent(token)}/accept`, {});
  }

  // Databases

  /** Opens a database of a tenant on this device, and keeps it in sync for as long as it is open. */
  openDatabase(name: string, options: DatabaseOptions = {}): TenantDatabase<DB> {
    const { user, activeTenantId } = this.#known;
    const tenant = options.tenant ?? activeTenantId;
    this.#refuseTwice(name, tenant);
    const database = new TenantDatabase(this.#ownerOf(user._id), name, tenant, options);
    this.#open.add(database);
    return database;
  }

  // Two syncs of one local database would do everything twice, and the one that is closed first would close both.
  #refuseTwice(name: string, tenant: string): void {
    const twice = [...this.#open].some((open) => open.name === name && open.tenant === tenant);
    if (twice) throw new Error(`${name} of ${tenant} is open already`);
  }

  /** What could not be sent before a membership ended. */
  async keptChanges(): Promise<KeptChanges[]> {
    return this.#store.kept(this.#known.user._id);
  }

  async discardKeptChanges({ tenant, name }: { tenant: string; name: string }): Promise<void> {
    await this.#store.discard(this.#known.user._id, { tenant, name });
  }

  async #end(): Promise<void> {
    this.#stopListening?.();
    this.#stopListening = undefined;
    await Promise.all([...this.#open].map((database) => database.close()));
  }

  #ownerOf(user: string): Owner<DB> {
    return {
      http: this.#http,
      user,
      heartbeatMs: this.#heartbeatMs,
      open: (tenant, name) => {
        void this.#hold(user, tenant, name);
        return this.#openLocal(localName(user, tenant, name));
      },
      isMember: async (tenant) => (await this.#fetchTenants()).some(({ _id }) => _id === tenant),
      onConnected: () => (this.#stale || this.#context?.untold) && void this.#refresh().catch(() => {}),
      onLost: (tenant) => void this.#lost(tenant, 'removed').then(() => this.#refresh()).catch(() => {}),
      onClosed: (database) => this.#open.delete(database),
      forget: (tenant, name) => this.#release(user, tenant, name),
      keptDocs: async (tenant, name) => {
        const kept = await this.#store.kept(user);
        return kept.find((changes) => changes.tenant === tenant && changes.name === name)?.docs ?? [];
      },
    };
  }

  // What is here, and what the server says

  get #known(): StoredContext {
    if (!this.#context) throw new MycouchError(401, 'signed_out', 'call initializeTenantContext()');
    return this.#context;
  }

  async #bootstrap(): Promise<void> {
    const switches = this.#switches;
    const { user_doc: user, active_tenant_id } = await this.#send<{ user_doc: User; active_tenant_id: string }>('POST', '/__bootstrap', {});
    const stored = await this.#store.read(user._id);
    const previous = this.#context;
    this.#context = { databases: [], untold: false, tenants: [], activeTenantId: active_tenant_id, ...stored, user };
    // Unless it was changed here meanwhile, or offline, the server's word counts.
    if (!stored.untold && switches === this.#switches) this.#context.activeTenantId = active_tenant_id;
    await this.#store.setLastUser(user._id);
    await this.#update(this.#context);
    await this.#refreshTenants();
    await (this.#context.untold ? this.#tellActiveTenant() : this.#refreshToken());
    this.#stale = false;
    if (previous && previous.activeTenantId !== this.#context.activeTenantId) {
      this.emit('activetenant', this.#context.activeTenantId);
      await this.#follow();
    }
  }

  /** From the device: by the token where there is one, and by who was here last where there is none to be had. */
  async #remembered(): Promise<StoredContext | undefined> {
    const token = await this.#tokens.get().catch(() => null);
    const user = (token && extractUserIdFromJWT(token)) ?? (await this.#store.lastUser());
    const stored = user ? await this.#store.read(user) : {};
    return stored.user ? (stored as StoredContext) : undefined;
  }

  /** Asks the server for everything again; one at a time. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#bootstrap().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #refreshTenants(): Promise<void> {
    const tenants = await this.#fetchTenants();
    const changed = JSON.stringify(tenants) !== JSON.stringify(this.#known.tenants);
    const { databases = [] } = await this.#store.read(this.#known.user._id);
    const mine = new Set(tenants.map(({ _id }) => _id));
    for (const tenant of new Set(databases.map((held) => held.tenant))) {
      if (!mine.has(tenant)) await this.#lost(tenant, 'removed');
    }
    if (!changed) return;
    await this.#update({ tenants });
    this.emit('tenants', tenants);
  }

  #fetchTenants(): Promise<Tenant[]> {
    return this.#send('GET', '/__tenants');
  }

  async #tellActiveTenant(): Promise<void> {
    await this.#send('PUT', '/__users/_me', { active_tenant_id: this.#known.activeTenantId });
    await this.#update({ untold: false });
    await this.#refreshToken();
  }

  // One try: the paths that this client uses name the tenant themselves, so a token without it does no harm.
  async #refreshToken(): Promise<void> {
    const token = await this.#tokens.get();
    const named = extractActiveTenantIdFromJWT(token);
    if (named !== this.#known.activeTenantId) await this.#tokens.replace(token);
  }

  async #follow(): Promise<void> {
    const { activeTenantId } = this.#known;
    await Promise.all([...this.#open].filter(({ followsActive }) => followsActive).map((database) => database.follow(activeTenantId)));
  }

  async #update(change: Partial<StoredContext>): Promise<void> {
    const { databases: _, ...rest } = change;
    Object.assign(this.#known, rest);
    await this.#store.update(this.#known.user._id, () => rest);
  }

  // Local data

  #openLocal(name: string): DB {
    return new this.#PouchDB(name, { auto_compaction: true });
  }

  #hold(user: string, tenant: string, name: string): Promise<void> {
    return this.#changeHeld(user, (held) => [...held, { tenant, name }], tenant, name);
  }

  #release(user: string, tenant: string, name: string): Promise<void> {
    return this.#changeHeld(user, (held) => held, tenant, name);
  }

  #changeHeld(user: string, change: (others: Held[]) => Held[], tenant: string, name: string): Promise<void> {
    return this.#store.update(user, ({ databases = [] }) => ({
      databases: change(databases.filter((held) => held.tenant !== tenant || held.name !== name)),
    }));
  }

  /** Whatever finds it first, and however many find it: once for each loss. */
  #lost(tenant: string, reason: MembershipLost['reason']): Promise<void> {
    const going = this.#losing.get(tenant) ?? this.#giveUp(tenant, reason).finally(() => this.#losing.delete(tenant));
    this.#losing.set(tenant, going);
    return going;
  }

  async #giveUp(tenant: string, reason: MembershipLost['reason']): Promise<void> {
    const user = this.#known.user._id;
    const tenantName = this.#known.tenants.find(({ _id }) => _id === tenant)?.name ?? tenant;
    const keep = async (name: string, docs: Doc[]) => {
      if (docs.length > 0) await this.#store.keep(user, { tenant, tenantName, name, keptAt: new Date().toISOString(), docs });
      await this.#release(user, tenant, name);
    };
    for (const database of [...this.#open].filter((open) => open.tenant === tenant)) {
      await database.surrender((docs) => keep(database.name, docs));
    }
    const { databases = [] } = await this.#store.read(user);
    for (const { name } of databases.filter((held) => held.tenant === tenant)) {
      const local = this.#openLocal(localName(user, tenant, name));
      await keep(name, await unpushed(local, new Set()));
      await local.destroy();
    }
    const kept = (await this.#store.kept(user)).filter((changes) => changes.tenant === tenant);
    this.emit('membershiplost', { tenant, tenantName, reason, kept });
  }

  async #sendAndRefresh<T>(method: string, path: string, body: object): Promise<T> {
    const answer = await this.#send<T>(method, path, body);
    await this.#refreshTenants();
    return answer;
  }

  #send<T>(method: string, path: string, body?: object): Promise<T> {
    return this.#http.json<T>(method, path, body ? { body } : {});
  }
}

function tenantPath(id: string): string {
  return `/__tenants/${encodeURIComponent(id)}`;
}

// In paths, users are named without the prefix that ids have.
function memberPath(tenant: string, user: string): string {
  return `${tenantPath(tenant)}/members/${encodeURIComponent(user.replace(/^user_/, ''))}`;
}
