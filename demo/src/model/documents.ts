// Roady's documents, as they lie in the database, and what can be done with them as plain values.

/** What every document of a band has. `deletedAt` marks one that is in the trash. */
interface Common {
  _id: string;
  _rev?: string;
  tenant: string;
  name: string;
  createdAt: string;
  updatedAt: string;
  deletedAt?: string;
}

export interface Equipment extends Common {
  type: 'equipment';
  /** How many of it the band has; each is one item of a check-list. */
  quantity: number;
  category: string;
  notes: string;
}

/** How many of a piece of equipment go along. */
export interface Portion {
  equipmentId: string;
  quantity: number;
}

export interface GigType extends Common {
  type: 'gig_type';
  equipment: Portion[];
}

export interface ChecklistItem {
  equipmentId: string;
  /** From 1: which of several. */
  itemNumber: number;
  checked: boolean;
  /** Who ticked or unticked it last, and when; a conflict over the item is decided by it. */
  checkedBy?: string;
  checkedAt?: string;
}

export interface Gig extends Common {
  type: 'gig';
  date: string;
  venue: string;
  gigTypeId?: string;
  loadoutChecklist: ChecklistItem[];
  loadinChecklist: ChecklistItem[];
}

export type RoadyDocument = Equipment | GigType | Gig;
export type ChecklistField = 'loadoutChecklist' | 'loadinChecklist';

/** What a form fills in. */
export type Draft<D extends RoadyDocument> = Omit<D, keyof Common | 'type'> & { name: string };

export function newDocument<D extends RoadyDocument>(type: D['type'], tenant: string, draft: Draft<D>): D {
  const now = new Date().toISOString();
  const common = { _id: `${type}_${crypto.randomUUID()}`, type, tenant, createdAt: now, updatedAt: now };
  return { ...common, ...draft } as unknown as D;
}

/** The items of `portions`; those that `before` has keep their ticks. */
export function checklistOf(portions: Portion[], before: ChecklistItem[] = []): ChecklistItem[] {
  return portions.flatMap(({ equipmentId, quantity }) =>
    Array.from({ length: quantity }, (_, index) => {
      const itemNumber = index + 1;
      const known = before.find((item) => item.equipmentId === equipmentId && item.itemNumber === itemNumber);
      return known ?? { equipmentId, itemNumber, checked: false };
    }),
  );
}

/** The other way round: how many of each a check-list has. */
export function portionsOf(checklist: ChecklistItem[]): Portion[] {
  const counts = new Map<string, number>();
  for (const { equipmentId } of checklist) counts.set(equipmentId, (counts.get(equipmentId) ?? 0) + 1);
  return [...counts].map(([equipmentId, quantity]) => ({ equipmentId, quantity }));
}

export function withTick(items: ChecklistItem[], ticked: ChecklistItem, checked: boolean, by: string): ChecklistItem[] {
  return items.map((item) =>
    item.equipmentId === ticked.equipmentId && item.itemNumber === ticked.itemNumber
      ? { ...item, checked, checkedBy: by, checkedAt: new Date().toISOString() }
      : item,
  );
}

export function checkedCount(items: ChecklistItem[]): number {
  return items.filter(({ checked }) => checked).length;
}

/** All of the words begin a word of one of the texts, in any order and case. */
export function matches(words: string, ...texts: (string | undefined)[]): boolean {
  const text = ` ${texts.join(' ').toLocaleLowerCase()}`;
  return words
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => word === '' || text.includes(` ${word}`));
}
