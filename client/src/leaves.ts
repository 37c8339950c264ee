// Leaf revisions: what of a feed's changes one side has, and the other has not.
import type { ChangeRow } from './pouch.js';

export interface Leaf {
  id: string;
  rev: string;
}

export type Diff = Record<string, { missing: string[] }>;

/** How a leaf is known in sets and maps. */
export function nameOf(id: string, rev: string | undefined): string {
  return `${id} ${rev}`;
}

export function leavesOf(rows: ChangeRow[]): Leaf[] {
  return rows.flatMap(({ id, changes }) => changes.map(({ rev }) => ({ id, rev })));
}

/** Those of the leaves that are missing, by the answer of `revsDiff`. */
export async function missingOf(leaves: Leaf[], revsDiff: (revs: Record<string, string[]>) => Promise<Diff>): Promise<Leaf[]> {
  if (leaves.length === 0) return [];
  const revs: Record<string, string[]> = {};
  for (const { id, rev } of leaves) (revs[id] ??= []).push(rev);
  const diff = await revsDiff(revs);
  return leaves.filter(({ id, rev }) => diff[id]?.missing.includes(rev));
}
