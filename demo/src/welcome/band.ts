// The band that the two phones show: made at the first visit, with gear and a gig, and found again later.
import { checklistOf, newDocument, type Equipment, type Gig, type GigType, type Portion, type RoadyDocument } from '../model/documents';
import type { Account } from './server';

interface Tenant {
  _id: string;
  userIds: string[];
  metadata: { firstPage?: boolean };
}

export interface Shown {
  tenant: string;
  gig: string;
}

export async function prepareBand(owner: Account, mate: Account): Promise<Shown> {
  await owner.json('POST', '/__bootstrap', {});
  const { user_doc: mateUser } = await mate.json<{ user_doc: { _id: string } }>('POST', '/__bootstrap', {});
  const band = (await findBand(owner)) ?? (await owner.json<Tenant>('POST', '/__tenants', { name: 'The Night Shift', metadata: { firstPage: true } }));
  if (!band.userIds.includes(mateUser._id)) await inviteMate(owner, mate, band._id);
  return { tenant: band._id, gig: await prepareGig(owner, band._id) };
}

async function findBand(owner: Account): Promise<Tenant | undefined> {
  const tenants = await owner.json<Tenant[]>('GET', '/__tenants');
  return tenants.find(({ metadata }) => metadata.firstPage);
}

async function inviteMate(owner: Account, mate: Account, tenant: string): Promise<void> {
  const { token } = await owner.json<{ token: string }>('POST', `/__tenants/${tenant}/invitations`, { role: 'member' });
  await mate.json('POST', `/__invitations/${token}/accept`, {});
}

/** The id of the first gig that is not in the trash; a band without one is given the sample. */
async function prepareGig(owner: Account, tenant: string): Promise<string> {
  const database = `/__tenants/${tenant}/roady`;
  const range = 'include_docs=true&startkey=%22gig_%22&endkey=%22gig_%EF%BF%B0%22';
  const { rows } = await owner.json<{ rows: { doc: RoadyDocument }[] }>('GET', `${database}/_all_docs?${range}`);
  const found = rows.find(({ doc }) => doc.type === 'gig' && !doc.deletedAt);
  if (found) return found.doc._id;
  const documents = sample(tenant);
  await owner.json('POST', `${database}/_bulk_docs`, { docs: documents });
  return documents.find(({ type }) => type === 'gig')?._id ?? '';
}

const gear: [name: string, category: string, quantity: number][] = [
  ['Kick drum', 'Drums', 1],
  ['Snare', 'Drums', 1],
  ['Cymbal bag', 'Drums', 1],
  ['Bass amp', 'Backline', 1],
  ['Guitar amp', 'Backline', 2],
  ['Keyboard', 'Backline', 1],
  ['Speaker', 'Sound', 2],
  ['Cable case', 'Sound', 1],
];

function sample(tenant: string): RoadyDocument[] {
  const equipment = gear.map(([name, category, quantity]) =>
    newDocument<Equipment>('equipment', tenant, { name, category, quantity, notes: '' }),
  );
  const portions: Portion[] = equipment.map(({ _id, quantity }) => ({ equipmentId: _id, quantity }));
  const gigType = newDocument<GigType>('gig_type', tenant, { name: 'Club night', equipment: portions });
  const checklist = checklistOf(portions);
  const inAWeek = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10);
  const gig = newDocument<Gig>('gig', tenant, {
    name: 'The Blue Note',
    date: inAWeek,
    venue: 'Cellar bar, no signal',
    gigTypeId: gigType._id,
    loadoutChecklist: checklist,
    loadinChecklist: checklist,
  });
  return [...equipment, gigType, gig];
}
