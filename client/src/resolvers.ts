// Ready-made resolvers of conflicts: pure functions of the revisions, so that every device comes to the same result.
import type { Doc } from './pouch.js';
import type { Resolver } from './types.js';

/* eslint-disable @typescript-eslint/no-explicit-any */

/**
 * Field by field: what only one side changed since `base` prevails; of two changes of one field, the one of the later
 * `updatedAt`, or of the winning revision. Without `base`, each field of any revision is kept, in that same order.
 */
export const resolveByField: Resolver = merge;

/** The revision with the latest `updatedAt` as a whole; the winning one where none is later. */
export const resolveByTime: Resolver = (doc, conflicts) => latestFirst([doc, ...conflicts])[0]!;

/** What tells an item of a check-list from the others. */
export type ItemKey = (item: any) => string;

const itemKey: ItemKey = (item) => item.id ?? `${item.equipmentId}/${item.itemNumber}`;

/**
 * Check-lists, the arrays in the named fields, item by item; the other fields by `resolveByField`. An item that only one
 * side changed since `base` is as that side has it. Where both did, or nobody knows, `checked` prevails.
 * Items are told apart by their `id`, or by `equipmentId` and `itemNumber`, or by what `key` says.
 */
export function resolveChecklistItems(fields: string | string[], key: ItemKey = itemKey): Resolver {
  return (doc, conflicts, base) => {
    const merged = merge(doc, conflicts, base);
    for (const field of [fields].flat()) {
      const lists = latestFirst([doc, ...conflicts]).map((revision) => listOf(revision[field]));
      if (lists.some((list) => list.length > 0)) merged[field] = mergeLists(lists, base && listOf(base[field]), key);
    }
    return merged;
  };
}

function listOf(value: unknown): any[] {
  return Array.isArray(value) ? value : [];
}

function mergeLists(lists: any[][], base: any[] | undefined, key: ItemKey): any[] {
  const sides = lists.map((list) => new Map(list.map((item) => [key(item), item])));
  const before = base && new Map(base.map((item) => [key(item), item]));
  const merged: any[] = [];
  for (const id of new Set(sides.flatMap((side) => [...side.keys()]))) {
    const versions = sides.map((side) => side.get(id));
    const old = before?.get(id);
    const changed = versions.filter((version) => !same(version, old));
    // In the base, and untouched but for who removed it: it goes. Without a base, nobody can tell removal from addition.
    if (old !== undefined && changed.length > 0 && changed.every((version) => version === undefined)) continue;
    const known = (before ? changed : versions).filter((version) => version !== undefined);
    if (known.length === 0) merged.push(old);
    else merged.push(known.find((version) => version.checked === true) ?? known[0]);
  }
  return merged;
}

function merge(doc: Doc, conflicts: Doc[], base?: Doc): Doc {
  const merged: Doc = { ...doc };
  const revisions = latestFirst([doc, ...conflicts]);
  for (const field of new Set(revisions.flatMap(Object.keys))) {
    if (field.startsWith('_')) continue;
    const values = revisions.map((revision) => revision[field]);
    const changed = base ? values.filter((value) => !same(value, base[field])) : values.filter((value) => value !== undefined);
    if (changed.length > 0) merged[field] = changed[0];
    if (merged[field] === undefined) delete merged[field];
  }
  return merged;
}

// The order of the arguments, winner first, decides between equals.
function latestFirst(revisions: Doc[]): Doc[] {
  const time = (doc: Doc) => Number(new Date(doc.updatedAt)) || 0;
  return [...revisions].sort((a, b) => time(b) - time(a));
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));
}

/** The value with every object's members in one order: equal values have equal texts, and so equal revisions. */
export function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  // Not a Date, say, or the content of an attachment.
  if ((value as object | null)?.constructor !== Object) return value;
  const members = Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, canonical(member)]));
}
