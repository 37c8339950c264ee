// The documents that are written and read: a kilobyte each.
import { randomUUID } from 'node:crypto';

export const kilobyte = { type: 'gig', venue: 'Café Größenwahn', fee: 1250.5, confirmed: true, notes: 'n'.repeat(930) };

/** The body of a `_bulk_docs` of new documents. */
export function bulk(count) {
  const prefix = randomUUID();
  const docs = Array.from({ length: count }, (_, i) => ({ _id: `${prefix}-${String(i).padStart(6, '0')}`, ...kilobyte }));
  return JSON.stringify({ docs });
}

/** Puts `count` documents into a database, a thousand at a time. */
export async function fill(contender, database, count) {
  for (let left = count; left > 0; left -= 1000) {
    await contender.text('POST', `${database}/_bulk_docs`, bulk(Math.min(left, 1000)));
  }
}

/** Calls `work(i)` for each i below `count`, at most 32 at once. */
export async function inParallel(count, work) {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: 32 }, worker));
}
