// The signed-in user: who that is, which tenants there are, and the databases that are open.
import { ContextStore, type KnownContext, same } from './context.js';
import { ifReachable, isUnreachable, MycouchError, notMycouch } from './errors.js';
import { Emitter } from './events.js';
import { type Fetch, Http } from './http.js';
import { claimsOf, extractActiveTenantIdFromJWT } from './jwt.js';
import { type Doc, type LocalDatabase, localName, type PouchConstructor } from './pouch.js';
import { unpushed } from './push.js';
import { type Owner, TenantDatabase } from './tenant_database.js';
import { type SignedOut, Tabs } from './tabs.js';
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
  // From `initializeTenantContext` to the end: what is asked in between ends with it.
  #life = new AbortController();
  #tabs: Tabs<SignedOut> | undefined;
  readonly #heartbeatMs: number;
  #open: TenantDatabase<DB>[] = [];
  readonly #losing = new Map<string, Promise<void>>();
  #context: KnownContext | undefined;
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
    if (this.#life.signal.aborted) this.#life = new AbortController();
    const { signal } = this.#life;
    try {
      await this.#refresh();
    } catch (error) {
      const remembered = isUnreachable(error) ? await this.#remembered() : undefined;
      if (!remembered || signal.aborted) throw error;
      this.#take(remembered);
      this.#stale = true;
    }
    const { user, tenants, activeTenantId } = this.#known;
    this.#stopListening ??= onWake((offline) => !offline && this.#refreshLater());
    this.#tabs ??= new Tabs('mycouch-context', ({ sub, ...payload }) => {
      if (sub === this.#context?.user.sub) void this.close().then(() => this.emit('signedout', payload));
    });
    return { user, tenants, activeTenantId };
  }

  /**
   * Ends all syncs and forgets the token, in this user's other tabs too. With `removeLocalData`, nothing of the user is
   * left on this device.
   */
  async signOut({ removeLocalData = false }: { removeLocalData?: boolean } = {}): Promise<void> {
    const user = this.#context?.user;
    if (user) this.#tabs?.tell({ sub: user.sub, localDataRemoved: removeLocalData });
    await this.close();
    if (user) {
      if (removeLocalData) {
        const { databases = [] } = await this.#store.read(user.sub);
        for (const { tenant, name } of databases) await this.#openLocal(user, tenant, name).destroy();
        await this.#store.forget(user.sub);
      }
      await this.#store.setLastSub(null);
      await this.#store.close();
    }
    this.emit('signedout', { localDataRemoved: removeLocalData });
  }

  /** Ends all syncs and closes the local databases; who is signed in is remembered for the next start. */
  async close(): Promise<void> {
    this.#life.abort();
    this.#stopListening?.();
    this.#stopListening = undefined;
    await Promise.all(this.#open.map((database) => database.close()));
    await Promise.allSettled([this.#refreshing, ...this.#losing.values()]);
    await this.#store.close();
    this.#tabs?.close();
    this.#tabs = undefined;
    this.#context = undefined;
    this.#tokens.forget();
  }


  // Tenants

  /** The caller's tenants as the server has them; out of its reach, as this device knows them. */
  async getMyTenants(): Promise<Tenant[]> {
    await ifReachable(this.#refreshTenants());
    return this.#known.tenants;
  }

  /** Null before `initializeTenantContext`. */
  getActiveTenant(): string | null {
    return this.#context?.activeTenantId ?? null;
  }

  /** Offline too: the server is then told later. */
  async setActiveTenant(id: string): Promise<void> {
    if (!includes(this.#known.tenants, id)) throw new MycouchError(403, 'forbidden', 'no member');
    this.#switches += 1;
    await this.#update({ activeTenantId: id, untold: true });
    this.emit('activetenant', id);
    await ifReachable(this.#tellActiveTenant());
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

  renameTenant(id: string, name: string): Promise<void> {
    return this.#sendAndRefresh('PUT', tenantPath(id), { name });
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
  setRole(tenant: string, user: string, role: Exclude<Role, 'owner'>): Promise<void> {
    return this.#send('PUT', memberPath(tenant, user), { role });
  }

  removeMember(tenant: string, user: string): Promise<void> {
    return this.#send('DELETE', memberPath(tenant, user));
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

  revokeInvitation(tenant: string, id: string): Promise<void> {
    return this.#send('DELETE', `${tenantPath(tenant)}/invitations/${encodeURIComponent(id)}`);
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
    const database = new TenantDatabase(this.#ownerOf(user), name, tenant, options);
    this.#open.push(database);
    return database;
  }

  // Two syncs of one local database would do everything twice, and the one that is closed first would close both.
  #refuseTwice(name: string, tenant: string): void {
    const twice = this.#open.some((open) => open.name === name && open.tenant === tenant);
    if (twice) throw new Error(`${name} of ${tenant} is open already`);
  }

  /** What could not be sent before a membership ended. */
  async keptChanges(): Promise<KeptChanges[]> {
    return this.#store.kept(this.#known.user.sub);
  }

  async discardKeptChanges(database: { tenant: string; name: string }): Promise<void> {
    await this.#store.discard(this.#known.user.sub, database);
  }

  #ownerOf(user: User): Owner<DB> {
    return {
      http: this.#http,
      user: user._id,
      heartbeatMs: this.#heartbeatMs,
      open: (tenant, name) => {
        // On a full disk, it fails with the database itself.
        void this.#store.setHeld(user.sub, { tenant, name }, [{ tenant, name }]).catch(() => {});
        return this.#openLocal(user, tenant, name);
      },
      isLost: async (tenant) => !includes(await this.#fetchTenants(), tenant) && this.#isRefused(tenant),
      onConnected: () => (this.#stale || this.#context?.untold) && this.#refreshLater(),
      onLost: (tenant) => void this.#lost(tenant, 'removed').then(() => this.#refreshLater(), () => {}),
      onClosed: (database) => (this.#open = this.#open.filter((open) => open !== database)),
      forget: (database) => this.#store.setHeld(user.sub, database),
      keptDocs: async (database) => (await this.#store.kept(user.sub)).find((changes) => same(changes, database))?.docs ?? [],
    };
  }

  // What is here, and what the server says

  get #known(): KnownContext {
    if (!this.#context) throw new MycouchError(401, 'signed_out', 'nobody is signed in');
    return this.#context;
  }

  async #bootstrap(): Promise<void> {
    const switches = this.#switches;
    type Answer = { user_doc?: User; active_tenant_id: string };
    const { user_doc: user, active_tenant_id } = (await this.#send<Answer | null>('POST', '/__bootstrap', {})) ?? ({} as Answer);
    if (!user) throw notMycouch();
    const previous = this.#context;
    const { untold = false, tenants = [], activeTenantId } = previous ?? (await this.#store.read(user.sub));
    // Unless it was changed here meanwhile, or offline, the server's word counts.
    const ours = untold || switches !== this.#switches;
    this.#take({ user, untold, tenants, activeTenantId: (ours && activeTenantId) || active_tenant_id });
    await this.#store.setLastSub(user.sub);
    await this.#update(this.#known);
    await this.#refreshTenants();
    await (this.#known.untold ? this.#tellActiveTenant() : this.#refreshToken());
    this.#stale = false;
    if (previous && previous.activeTenantId !== this.#known.activeTenantId) {
      this.emit('activetenant', this.#known.activeTenantId);
      await this.#follow();
    }
  }

  /** From the device: by the token where there is one, and by who was here last where there is none to be had. */
  async #remembered(): Promise<KnownContext | undefined> {
    const token = await this.#tokens.get().catch(() => null);
    const sub = (token && claimsOf(token).sub) || (await this.#store.lastSub());
    const stored = sub ? await this.#store.read(sub) : {};
    return stored.user ? (stored as KnownContext) : undefined;
  }

  #take({ user, tenants, activeTenantId, untold }: KnownContext): void {
    this.#context = { user, tenants, activeTenantId, untold };
    this.#tokens.sub = user.sub;
  }

  /** Asks the server for everything again; one at a time. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#bootstrap().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  #refreshLater(): void {
    this.#refresh().catch(() => {});
  }

  async #refreshTenants(): Promise<void> {
    const tenants = await this.#fetchTenants();
    const changed = JSON.stringify(tenants) !== JSON.stringify(this.#known.tenants);
    const { databases = [] } = await this.#store.read(this.#known.user.sub);
    for (const tenant of new Set(databases.map((held) => held.tenant))) {
      // What cannot be kept or removed now is met again at the next time.
      if (!includes(tenants, tenant) && (await this.#isRefused(tenant))) await this.#lost(tenant, 'removed').catch(() => {});
    }
    if (!changed) return;
    await this.#update({ tenants });
    this.emit('tenants', tenants);
  }

  async #fetchTenants(): Promise<Tenant[]> {
    const tenants = await this.#send<Tenant[]>('GET', '/__tenants');
    if (!Array.isArray(tenants)) throw notMycouch();
    return tenants;
  }

  // A tenant that is in no list may be one that the server has forgotten (it was restored from an older backup, say), or
  // that was joined since the list was asked for: what the device holds may be the last copy. It is taken away only where
  // the server knows the tenant, and refuses it to this user.
  #isRefused(tenant: string): Promise<boolean> {
    return this.#send('GET', tenantPath(tenant)).then(
      () => false,
      ({ status, message }: MycouchError) => status === 403 || (status === 404 && message === 'deleted'),
    );
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
    await Promise.all(this.#open.filter(({ followsActive }) => followsActive).map((database) => database.follow(activeTenantId)));
  }

  async #update(change: Partial<KnownContext>): Promise<void> {
    Object.assign(this.#known, change);
    await this.#store.update(this.#known.user.sub, () => change);
  }

  // Local data

  #openLocal(user: User, tenant: string, name: string): DB {
    return new this.#PouchDB(localName(user._id, tenant, name), { auto_compaction: true });
  }

  /** Whatever finds it first, and however many find it: once for each loss. */
  #lost(tenant: string, reason: MembershipLost['reason']): Promise<void> {
    const going = this.#losing.get(tenant) ?? this.#giveUp(tenant, reason).finally(() => this.#losing.delete(tenant));
    this.#losing.set(tenant, going);
    return going;
  }

  async #giveUp(tenant: string, reason: MembershipLost['reason']): Promise<void> {
    const { user } = this.#known;
    const tenantName = this.#known.tenants.find(({ _id }) => _id === tenant)?.name ?? tenant;
    const keep = async (name: string, docs: Doc[]) => {
      if (docs.length > 0) await this.#store.keep(user.sub, { tenant, tenantName, name, keptAt: new Date().toISOString(), docs });
    };
    for (const database of this.#open) await database.surrender(tenant, (docs) => keep(database.name, docs));
    const { databases = [] } = await this.#store.read(user.sub);
    for (const { name } of databases.filter((held) => held.tenant === tenant)) {
      const local = this.#openLocal(user, tenant, name);
      await keep(name, await unpushed(local, new Set()));
      await local.destroy();
      await this.#store.setHeld(user.sub, { tenant, name });
    }
    const kept = (await this.#store.kept(user.sub)).filter((changes) => changes.tenant === tenant);
    this.emit('membershiplost', { tenant, tenantName, reason, kept });
  }

  async #sendAndRefresh<T>(method: string, path: string, body: object): Promise<T> {
    const answer = await this.#send<T>(method, path, body);
    await this.#refreshTenants();
    return answer;
  }

  #send<T>(method: string, path: string, body?: object): Promise<T> {
    return this.#http.json<T>(method, path, { signal: this.#life.signal, ...(body && { body }) });
  }
}

function includes(tenants: Tenant[], id: string): boolean {
  return tenants.some(({ _id }) => _id === id);
}

function tenantPath(id: string): string {
  return `/__tenants/${encodeURIComponent(id)}`;
}

// In paths, users are named without the prefix that ids have.
function memberPath(tenant: string, user: string): string {
  return `${tenantPath(tenant)}/members/${encodeURIComponent(user.replace(/^user_/, ''))}`;
}
