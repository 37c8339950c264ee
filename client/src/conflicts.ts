// Conflicts are resolved where they are found: on the device, after a pull, by the app's own function.
//
// Two devices may find the same one at the same time. A resolution is written with its members in one order, so that
// devices that come to the same result also come to the same revision, and there is no conflict of resolutions. Where
// they keep coming to different ones (a resolver that looks at the clock), each waits a random, growing time before it
// tries again, and finds that the other has done it.
import { ifFound, MycouchError } from './errors.js';
import type { Doc, RowError } from './pouch.js';
import { canonical } from './resolvers.js';
import type { Replica } from './replica.js';
import { delay } from './time.js';

const rounds = 5;
const repeatedWithinMs = 60_000;

export class Conflicts {
  readonly #replica: Replica;
  readonly #recent = new Map<string, { times: number; at: number }>();

  constructor(replica: Replica) {
    this.#replica = replica;
  }

  /** Resolves what is in conflict among `ids`. Fails only where the local database or the network does. */
  async resolve(ids: string[], signal: AbortSignal): Promise<void> {
    if (ids.length === 0) return;
    const found = await this.#replica.local.allDocs({ keys: ids, include_docs: true, conflicts: true });
    for (const { doc } of found.rows as { doc?: Doc }[]) {
      if (!doc?._conflicts) continue;
      const waitMs = this.#waitBefore(doc._id);
      if (waitMs === 0) await this.#resolveOne(doc._id, signal);
      else void delay(waitMs, signal).then(() => this.#resolveOne(doc._id, signal)).catch(() => {});
    }
  }

  #waitBefore(id: string): number {
    const recent = this.#recent.get(id);
    const times = recent && Date.now() - recent.at < repeatedWithinMs ? recent.times + 1 : 0;
    this.#recent.set(id, { times, at: Date.now() });
    return times < 2 ? 0 : Math.random() * 250 * 2 ** Math.min(times, 8);
  }

  async #resolveOne(id: string, signal: AbortSignal): Promise<void> {
    for (let round = 0; round < rounds && !signal.aborted; ++round) {
      const doc = (await this.#replica.local.get(id, { conflicts: true })) as Doc;
      if (!doc._conflicts) return;
      const losers = await Promise.all((doc._conflicts as string[]).sort().map((rev) => this.#revision(id, rev)));
      delete doc._conflicts;
      const resolution = await this.#resolution(doc, losers, signal);
      if (!resolution) return;
      if (await this.#write(doc, losers, resolution)) return this.#replica.hooks.report('conflict', { id, resolved: true });
    }
  }

  async #resolution(doc: Doc, losers: Doc[], signal: AbortSignal): Promise<Doc | null> {
    const { resolver, report } = this.#replica.hooks;
    try {
      const base = resolver && (await this.#base([doc, ...losers], signal));
      const resolution = (await resolver?.(structuredClone(doc), structuredClone(losers), base)) ?? null;
      if (!resolution) report('conflict', { id: doc._id, resolved: false });
      return resolution;
    } catch (error) {
      if (error instanceof MycouchError || signal.aborted) throw error;
      report('conflict', { id: doc._id, resolved: false, error });
      return null;
    }
  }

  // False where somebody changed the document meanwhile.
  async #write(doc: Doc, losers: Doc[], resolution: Doc): Promise<boolean> {
    // The server puts the tenant into each document, but a device's own copy may still be without it.
    const { tenant } = this.#replica.hooks;
    const stamped = [doc, ...losers].some((revision) => revision.tenant === tenant) ? { tenant } : {};
    const next = canonical({ ...stamped, ...resolution, _id: doc._id, _rev: doc._rev }) as Doc;
    const changed = JSON.stringify(next) !== JSON.stringify(canonical(doc));
    const tombstones = losers.map(({ _id, _rev }) => ({ _id, _rev, _deleted: true }));
    const rows = (await this.#replica.local.bulkDocs([...(changed ? [next] : []), ...tombstones])) as RowError[];
    const failed = rows.find(({ error, status }) => error && status !== 409);
    if (failed) throw failed;
    return !rows.some(({ error }) => error);
  }

  // The latest revision that all of these come from. Its content may be gone here, and still be on the server.
  async #base(leaves: Doc[], signal: AbortSignal): Promise<Doc | undefined> {
    const id = leaves[0]!._id;
    const histories = await Promise.all(leaves.map(({ _rev }) => this.#history(id, _rev!)));
    const rev = histories[0]!.find((candidate) => histories.every((history) => history.includes(candidate)));
    if (!rev) return undefined;
    const { http, path } = this.#replica;
    const target = `${path}/${encodeURIComponent(id)}?rev=${rev}`;
    return (await ifFound(this.#revision(id, rev))) ?? ifFound(http.json<Doc>('GET', target, { signal }));
  }

  async #history(id: string, rev: string): Promise<string[]> {
    const { _revisions } = (await this.#replica.local.get(id, { rev, revs: true })) as Doc;
    const { start, ids } = _revisions as { start: number; ids: string[] };
    return ids.map((hash, i) => `${start - i}-${hash}`);
  }

  #revision(id: string, rev: string): Promise<Doc> {
    return this.#replica.local.get(id, { rev });
  }
}
