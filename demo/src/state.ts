// What the whole app shares: who is signed in, their bands, and the data of the band that is open.
import { computed, effect, signal } from '@preact/signals';
import { TenantManager, type KeptChanges, type Tenant } from 'mycouch-client';
import PouchDB from 'pouchdb-browser';

import { BandData } from './model/band_data';
import { networkFetch } from './network';
import { reasonOf } from './reason';
import { go, hrefTo, route } from './route';
import { getToken, requestToken, storedSession, storeSession, type Session } from './session';

export const session = signal<Session | null>(storedSession());
export const bands = signal<Tenant[]>([]);
/** Null until the user is known: at once from what is stored, or from the server at the first sign-in. */
export const userId = signal<string | null>(null);
export const openBand = signal<BandData | null>(null);
/** Why Roady cannot start. Once a sign-in has been completed, it starts without a network too. */
export const startError = signal<string | null>(null);

/** A band that one was removed from, with what had not been sent by then. */
export interface LostBand {
  tenant: string;
  name: string;
  kept: KeptChanges[];
}
export const lostBands = signal<LostBand[]>([]);

export const currentBand = computed(() => bands.value.find(({ _id }) => _id === route.value.tenant) ?? null);
export const myRole = computed(() => currentBand.value?.members[userId.value ?? '']?.role ?? null);
export const canWrite = computed(() => myRole.value !== null && myRole.value !== 'viewer');
export const canManage = computed(() => myRole.value === 'owner' || myRole.value === 'admin');

let manager: TenantManager<PouchDB.Database> | null = null;

/** The manager of who is signed in; only for screens that are shown to them. */
export function tenants(): TenantManager<PouchDB.Database> {
  if (!manager) throw new Error('nobody is signed in');
  return manager;
}

export async function signIn(name: string, email: string): Promise<void> {
  const token = await requestToken(name, email);
  storeSession({ name, email, token });
  session.value = storedSession();
  await start();
}

/** Opens what belongs to the session, if there is one. */
export async function start(): Promise<void> {
  if (!session.value) return;
  startError.value = null;
  manager ??= newManager();
  try {
    const context = await manager.initializeTenantContext();
    bands.value = context.tenants;
    userId.value = context.user._id;
    const { tenant, invitation } = route.value;
    if (!tenant && !invitation) go(hrefTo('gigs', undefined, context.activeTenantId), { replace: true });
    for (const kept of await manager.keptChanges()) noteLostBand(kept.tenant, kept.tenantName, [kept]);
  } catch (error) {
    startError.value = `Roady cannot start: ${reasonOf(error)}`;
  }
}

function newManager(): TenantManager<PouchDB.Database> {
  const made = new TenantManager<PouchDB.Database>({ url: location.origin, getToken, PouchDB, fetch: networkFetch });
  made.on('tenants', takeBands);
  made.on('membershiplost', ({ tenant, tenantName, reason, kept }) => {
    if (reason === 'removed') noteLostBand(tenant, tenantName, kept);
  });
  made.on('signedout', forget);
  return made;
}

function takeBands(changed: Tenant[]): void {
  const shownIsLost = currentBand.value && !changed.some(({ _id }) => _id === currentBand.value?._id);
  bands.value = changed;
  if (shownIsLost && changed[0]) go(hrefTo('gigs', undefined, changed[0]._id), { replace: true });
}

function noteLostBand(tenant: string, name: string, kept: KeptChanges[]): void {
  const others = lostBands.value.filter((lost) => lost.tenant !== tenant);
  lostBands.value = [...others, { tenant, name, kept }];
}

/** Its people have been told, and its changes are saved or not wanted. */
export async function dropLostBand({ tenant, kept }: LostBand): Promise<void> {
  lostBands.value = lostBands.value.filter((lost) => lost.tenant !== tenant);
  for (const changes of kept) await tenants().discardKeptChanges(changes);
}

function forget(): void {
  storeSession(null);
  manager = null;
  session.value = null;
  userId.value = null;
  bands.value = [];
  lostBands.value = [];
  go('#/', { replace: true });
}

export async function signOut(removeLocalData: boolean): Promise<void> {
  userId.value = null;
  await following;
  await tenants().signOut({ removeLocalData });
}

// The band that is open follows the address, one step after the other: a database is closed before it is opened again.
const wantedBand = computed(() => (userId.value ? (currentBand.value?._id ?? null) : null));
let following: Promise<void> = Promise.resolve();

async function followAddress(): Promise<void> {
  const open = openBand.peek();
  const wanted = wantedBand.peek();
  if (wanted === (open?.tenant ?? null)) return;
  openBand.value = null;
  await open?.close();
  // The address may have changed meanwhile: then the next step has it.
  if (manager && wanted && wanted === wantedBand.peek()) openBand.value = new BandData(manager, wanted);
}

effect(() => {
  void wantedBand.value;
  following = following.then(followAddress);
});

export function switchBand(tenant: string): void {
  go(hrefTo('gigs', undefined, tenant));
  // What this device opens next time; without a network the choice waits.
  tenants().setActiveTenant(tenant).catch(() => {});
}

export async function refreshBands(): Promise<void> {
  bands.value = await tenants().getMyTenants();
}

export async function createBand(name: string): Promise<void> {
  const { _id } = await tenants().createTenant(name);
  await refreshBands();
  switchBand(_id);
}

export async function joinBand(invitation: string): Promise<void> {
  const { _id } = await tenants().acceptInvitation(invitation);
  await refreshBands();
  switchBand(_id);
}

export async function leaveBand(tenant: string): Promise<void> {
  await tenants().leaveTenant(tenant);
  await refreshBands();
  const next = bands.value[0];
  if (next) switchBand(next._id);
}
