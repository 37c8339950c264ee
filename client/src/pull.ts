// From the server to the device: a feed of changes, the missing revisions, their attachments, and a checkpoint.
//
// PouchDB's own replication would do, at eight requests a change, since it keeps its checkpoints on both sides and asks
// for them each time. mycouch's sequences carry the epoch of the tenant's view, and a `since` of another epoch is answered
// from the start: so the checkpoint can be on the device alone, and a change costs two requests. Writing a revision that
// is there already changes nothing, so a checkpoint that lags costs time and never a document.
import { fetchAttachments, groupsBySize } from './attachments.js';
import { readLocal, writeLocal, type ChangeRow, type Doc, type Replicable, type RowError } from './pouch.js';
import { MycouchError } from './errors.js';
import type { Replica } from './replica.js';

const checkpointId = 'mycouch-pull';
const heartbeatMs = 10_000;
const feedSilenceMs = 25_000;
const fewest = 25;
const most = 2000;

interface Page {
  results: ChangeRow[];
  last_seq: string;
  pending?: number;
}

interface Batch {
  page: Page;
  docs: Doc[];
  drained: boolean;
}

/** Runs until `signal` is aborted, or something fails. */
export async function pull(replica: Replica, signal: AbortSignal): Promise<void> {
  const { local } = replica;
  const checkpoint = await readLocal<{ since: string }>(local, checkpointId);
  const puller = new Puller(replica, signal, !checkpoint && (await local.info()).update_seq === 0);
  let next = puller.fetch(checkpoint?.since ?? '0', false);
  for (;;) {
    const batch = await next;
    // The next is on its way while this one is written.
    next = puller.fetch(batch.page.last_seq, batch.drained);
    next.catch(() => {});
    await puller.write(batch);
    if (batch.page.results.length > 0) {
      await replica.onPulled(puller.mayConflict(batch.page.results), signal);
      await writeLocal(local, checkpointId, { since: batch.page.last_seq });
    }
    replica.progress.toPull = batch.page.pending ?? 0;
    replica.working('pull', !batch.drained);
  }
}

class Puller {
  readonly #replica: Replica;
  readonly #signal: AbortSignal;
  // Until the first sync has drained the feed: nothing can be here yet, so nobody needs to look.
  #intoEmpty: boolean;

  constructor(replica: Replica, signal: AbortSignal, intoEmpty: boolean) {
    this.#replica = replica;
    this.#signal = signal;
    this.#intoEmpty = intoEmpty;
  }

  /** The changes after `since`, with the revisions that are missing here. `wait`s for one where there is none. */
  async fetch(since: string, wait: boolean): Promise<Batch> {
    const { http, path, pace } = this.#replica;
    const limit = pace.size;
    const feed = wait ? `&feed=longpoll&heartbeat=${heartbeatMs}` : '';
    const page = await http.json<Page>(
      'GET',
      `${path}/_changes?style=all_docs&limit=${limit}&since=${encodeURIComponent(since)}${feed}`,
      { signal: this.#signal, onSignOfLife: this.#replica.onSignOfLife, ...(wait ? { silenceMs: feedSilenceMs } : {}) },
    );
    const began = Date.now();
    const docs = await this.#missing(page.results);
    if (page.results.length === limit) pace.took(Date.now() - began);
    const drained = page.pending === undefined ? page.results.length === 0 : page.pending === 0;
    if (drained) this.#intoEmpty = false;
    return { page, docs, drained };
  }

  async #missing(rows: ChangeRow[]): Promise<Doc[]> {
    const { local, http, path } = this.#replica;
    const revs = Object.fromEntries(rows.map(({ id, changes }) => [id, changes.map(({ rev }) => rev)]));
    let wanted = Object.entries(revs);
    if (!this.#intoEmpty) {
      const diff = await (local as unknown as Replicable).revsDiff(revs);
      wanted = Object.entries(diff).map(([id, { missing }]) => [id, missing]);
    }
    const docs = wanted.flatMap(([id, missing]) => missing.map((rev) => ({ id, rev })));
    if (docs.length === 0) return [];
    this.#replica.working('pull', true);
    const { results } = await http.json<{ results: { docs: { ok?: Doc; error?: RowError }[] }[] }>(
      'POST', `${path}/_bulk_get?revs=true&latest=true`, { body: { docs }, signal: this.#signal },
    );
    return results.flatMap((result) => result.docs.flatMap(({ ok, error }) => (ok ? [ok] : unlessGone(error))));
  }

  /** Of `rows`, those to look at: in a database that was empty, only what came as a conflict can be one. */
  mayConflict(rows: ChangeRow[]): ChangeRow[] {
    return this.#intoEmpty ? rows.filter(({ changes }) => changes.length > 1) : rows;
  }

  async write({ docs }: Batch): Promise<void> {
    const { local, pulledRevs, progress } = this.#replica;
    for (const group of groupsBySize(docs)) {
      await fetchAttachments(this.#replica, group, this.#signal);
      for (const doc of group) pulledRevs.add(`${doc._id} ${doc._rev}`);
      const failed = ((await local.bulkDocs(group, { new_edits: false })) as RowError[]).find((row) => row.error);
      if (failed) throw failed;
      progress.pulled += group.length;
      this.#replica.onProgress();
    }
  }
}

// Between the feed's answer and this one, the revision may have gone for good.
function unlessGone(error: RowError | undefined): [] {
  if (error?.error === 'not_found') return [];
  throw new MycouchError(500, String(error?.error), error?.reason ?? 'a document could not be read');
}

/** How many changes to ask for at a time: as many as come in a second or so, for a slow link must get on too. */
export class Pace {
  size = 250;

  took(ms: number): void {
    if (ms < 1000) this.size = Math.min(most, this.size * 2);
    else if (ms > 4000) this.slower();
  }

  slower(): void {
    this.size = Math.max(fewest, this.size >> 1);
  }
}
