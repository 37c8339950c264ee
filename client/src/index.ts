// Offline-first, multi-tenant apps on mycouch.
export { MycouchError } from './errors.js';
export type { Fetch } from './http.js';
export { extractActiveTenantIdFromJWT, extractUserIdFromJWT } from './jwt.js';
export { TenantManager, type TenantManagerOptions } from './manager.js';
export type { Doc, LocalDatabase, PouchConstructor } from './pouch.js';
export { type ItemKey, resolveByField, resolveByTime, resolveChecklistItems } from './resolvers.js';
export type { TenantDatabase } from './tenant_database.js';
export type { GetToken } from './tokens.js';
export type * from './types.js';
