// An app's code, as the type checker sees it with the packed package, PouchDB's types, and @clerk/clerk-js's, which lie here.
import type { SessionResource } from '@clerk/shared/types';
import { type GetToken, type MembershipLost, resolveChecklistItems, TenantManager } from 'mycouch-client';
import PouchDB from 'pouchdb';

declare const session: SessionResource;

const fits: GetToken = session.getToken;
const manager = new TenantManager({ url: 'https://couch.app.example', getToken: fits, PouchDB });
manager.on('membershiplost', ({ kept }: MembershipLost) => kept.flatMap(({ docs }) => docs));

interface Gig {
  type: 'gig';
  venue: string;
}

export async function run(): Promise<string> {
  const { tenants } = await manager.initializeTenantContext();
  const database = manager.openDatabase('roady', { tenant: tenants[0]!._id, onConflict: resolveChecklistItems('loadoutChecklist') });
  database.on('status', ({ state, pending }) => console.log(state, pending));
  await database.local.put({ _id: 'gig_1', type: 'gig', venue: 'Cellar' });
  const gig = await database.local.get<Gig>('gig_1');
  // @ts-expect-error: no such state
  if (database.status.state === 'fine') return '';
  // @ts-expect-error: the types of the app's own PouchDB arrive
  database.local.noSuchMethod();
  return gig.venue;
}
