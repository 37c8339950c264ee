// The server's documents and answers, and what the app is told.
import type { Doc } from './pouch.js';

export type Role = 'owner' | 'admin' | 'member' | 'viewer';

/** A user's document: what `/__users/_me` shows. */
export interface User {
  _id: string;
  type: 'user';
  sub: string;
  email: string;
  name: string;
  personalTenantId: string;
  tenantIds: string[];
  tenants: { tenantId: string; role: Role; personal: boolean; joinedAt: string }[];
  active_tenant_id: string;
  createdAt: string;
  updatedAt: string;
}

/** A tenant's document: what `/__tenants` shows of each. */
export interface Tenant {
  _id: string;
  type: 'tenant';
  name: string;
  /** The owner. */
  userId: string;
  userIds: string[];
  members: Record<string, { role: Role; joinedAt: string }>;
  applicationId: string;
  metadata: Record<string, unknown>;
  createdAt: string;
  updatedAt: string;
}

export interface Member {
  /** `user_…`, as `setRole`, `removeMember` and `transferTenant` take it. */
  id: string;
  name: string;
  email: string;
  role: Role;
  joinedAt: string;
}

export interface Invitation {
  id: string;
  /** In `createInvitation`'s answer only: the server keeps a hash of it. */
  token?: string;
  tenantId: string;
  role: Exclude<Role, 'owner'>;
  email?: string | null;
  expiresAt: string;
  createdBy: string;
  createdAt: string;
}

export interface InvitationPreview {
  tenant: { id: string; name: string };
  role: Exclude<Role, 'owner'>;
  invitedBy: { id: string; name: string };
  expiresAt: string;
}

export interface TenantContext {
  user: User;
  tenants: Tenant[];
  activeTenantId: string;
}

/**
 * - `offline`: the server is out of reach, or the database is paused; local work goes on, and it is tried again by itself
 * - `connecting`: being tried
 * - `syncing`: documents are on their way
 * - `uptodate`: both sides have all that the other has, and the feed is open
 * - `denied`: what was written here is refused (a viewer), or the membership is gone
 * - `error`: `error` says what; where time can heal it (a full disk, a refused token) it is tried again by itself
 */
export type SyncState = 'offline' | 'connecting' | 'syncing' | 'uptodate' | 'denied' | 'error';

export interface SyncStatus {
  state: SyncState;
  /** Documents sent since the database was opened. */
  pushed: number;
  /** Documents received since the database was opened. */
  pulled: number;
  /** Documents that are known to have still to be sent or received. */
  pending: number;
  error?: { code: string; message: string; status?: number };
}

/** What a tenant's database had not sent when the membership was lost. */
export interface KeptChanges {
  tenant: string;
  tenantName: string;
  /** The database's. */
  name: string;
  keptAt: string;
  docs: Doc[];
}

export interface MembershipLost {
  tenant: string;
  tenantName: string;
  /** By whom: `removed` by somebody else (or the tenant was deleted), `left` by a call of this client. */
  reason: 'removed' | 'left';
  /** Kept on this device until `discardKeptChanges`. */
  kept: KeptChanges[];
}

export interface TenantManagerEvents {
  tenants: Tenant[];
  activetenant: string;
  membershiplost: MembershipLost;
  signedout: { localDataRemoved: boolean };
}

/**
 * Makes one document of a conflict. `doc` is the winning revision, `conflicts` are the others in a fixed order, and `base`
 * is the revision that all of them come from, where it is still to be had. It should give the same for the same
 * arguments on every device: then devices that resolve the same conflict at the same time agree at once.
 * Null leaves the conflict as it is.
 */
export type Resolver = (doc: Doc, conflicts: Doc[], base?: Doc) => Doc | null | Promise<Doc | null>;

export interface DatabaseOptions {
  /** The tenant whose database it is. Without it, the active one's: the database then follows `switchTenant`. */
  tenant?: string;
  onConflict?: Resolver;
  /** False: nothing is synced before `resume()`. */
  autoStart?: boolean;
}

export interface TenantDatabaseEvents {
  status: SyncStatus;
  /** A document has changed, here, in another tab, or elsewhere. */
  change: { id: string; deleted: boolean };
  /** The server refuses a document for good; it stays on this device, and in `unpushed()`. */
  denied: { id: string; code: string; reason: string };
  /** A conflict, after `onConflict` has dealt with it: `resolved` is false where there is none, or where it failed. */
  conflict: { id: string; resolved: boolean; error?: unknown };
  /** The database follows a switch: `local` is another one from here on. */
  tenant: string;
}
