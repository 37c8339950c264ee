// From the server to the device: a feed of changes, the missing revisions, their attachments, and a checkpoint.
//
// PouchDB's own replication would do, at eight requests a change, since it keeps its checkpoints on both sides and asks
// for them each time. mycouch's sequences carry the epoch of the tenant's view, and a `since` of another epoch is answered
// from the start: so the checkpoint can be on the device alone, and a change costs two requests. Writing a revision that
// is there already changes nothing, so a checkpoint that lags costs time and never a document.
import { attachedBytes, fetchAttachments, groupsOf } from './attachments.js';
import { MycouchError } from './errors.js';
import { leavesOf, missingOf, nameOf } from './leaves.js';
import { readLocal, writeLocal, type ChangeRow, type Doc, type Replicable, type RowError } from './pouch.js';
import type { Replica } from './replica.js';

const checkpointId = 'mycouch-pull';
// Of heartbeats. A feed that is silent for longer is dead, though nobody has said so: the machine slept, or has walked into
// another network.
const feedSilence = 2.5;
// Of attachments that are held in memory at once.
const writtenBytes = 16 << 20;
const fewest = 25;
const most = 1000;

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
  const first = !checkpoint && (await local.info()).update_seq === 0 ? new FirstPull(replica) : undefined;
  const puller = new Puller(replica, signal, first);
  try {
    await puller.run(checkpoint?.since ?? '0');
  } finally {
    await first?.end();
  }
}

class Puller {
  readonly #replica: Replica;
  readonly #signal: AbortSignal;
  readonly #first: FirstPull | undefined;

  constructor(replica: Replica, signal: AbortSignal, first: FirstPull | undefined) {
    this.#replica = replica;
    this.#signal = signal;
    this.#first = first;
  }

  async run(since: string): Promise<never> {
    const replica = this.#replica;
    let next = this.#fetch(since, false);
    for (;;) {
      const batch = await next;
      const { page, drained } = batch;
      // The next is on its way while this one is written.
      next = this.#fetch(page.last_seq, drained);
      next.catch(() => {});
      await this.#write(batch);
      if (page.results.length > 0) {
        await replica.onPulled(this.#mayConflict(page.results), this.#signal);
        await writeLocal(replica.local, checkpointId, { since: page.last_seq });
      }
      if (drained) await this.#first?.end();
      replica.progress.toPull = page.pending ?? 0;
      replica.working('pull', !drained);
    }
  }

  /** The changes after `since`, with the revisions that are missing here. `wait`s for one where there is none. */
  async #fetch(since: string, wait: boolean): Promise<Batch> {
    const { http, path, pageSize: limit, heartbeatMs, onSignOfLife } = this.#replica;
    const feed = wait ? `&feed=longpoll&heartbeat=${heartbeatMs}` : '';
    const page = await http.json<Page>(
      'GET',
      `${path}/_changes?style=all_docs&limit=${limit}&since=${encodeURIComponent(since)}${feed}`,
      { signal: this.#signal, onSignOfLife, ...(wait ? { silenceMs: heartbeatMs * feedSilence } : {}) },
    );
    const began = Date.now();
    const docs = await this.#missing(page.results);
    if (page.results.length === limit) this.#replica.pageSize = paced(limit, Date.now() - began);
    const drained = page.pending === undefined ? page.results.length === 0 : page.pending === 0;
    return { page, docs, drained };
  }

  async #missing(rows: ChangeRow[]): Promise<Doc[]> {
    const { local, http, path } = this.#replica;
    let docs = leavesOf(rows);
    if (!this.#first?.going) docs = await missingOf(docs, (revs) => (local as unknown as Replicable).revsDiff(revs));
    if (docs.length === 0) return [];
    this.#replica.working('pull', true);
    const { results } = await http.json<{ results: { docs: { ok?: Doc; error?: RowError }[] }[] }>(
      'POST', `${path}/_bulk_get?revs=true&latest=true`, { body: { docs }, signal: this.#signal },
    );
    if (results.length < docs.length) throw new MycouchError(500, 'bulk_get', 'incomplete');
    return results.flatMap((result) => result.docs.flatMap(({ ok, error }) => (ok ? [ok] : unlessGone(error))));
  }

  /** Of `rows`, those to look at: in a database that was empty, only what came as a conflict can be one. */
  #mayConflict(rows: ChangeRow[]): ChangeRow[] {
    return this.#first?.going ? rows.filter(({ changes }) => changes.length > 1) : rows;
  }

  async #write({ docs }: Batch): Promise<void> {
    const { local, pulledRevs, progress } = this.#replica;
    for (const group of groupsOf(docs, writtenBytes, attachedBytes)) {
      await fetchAttachments(this.#replica, group, this.#signal);
      for (const { _id, _rev } of group) pulledRevs.add(nameOf(_id, _rev));
      const failed = ((await local.bulkDocs(group, { new_edits: false })) as RowError[]).find((row) => row.error);
      if (failed) throw failed;
      progress.pulled += group.length;
      this.#replica.onProgress();
      await this.#first?.wrote(group);
    }
  }
}

/**
 * The first pull, into an empty database. All that comes is new, so nobody has to compare, and what is written here
 * needs neither to be found by PouchDB's own feed of local changes nor to be passed by the push: reading ten thousand
 * documents back, twice, would take as long as writing them.
 *
 * That holds as long as nobody else writes. Each document that is written takes one sequence number: where the database has
 * used another number of them, somebody has, and from the last place where it was right all goes its usual way. (A
 * revision that is there already takes none. That cannot hide another's write: to be there before the pull brings it,
 * it must have been written by somebody, and have been counted then.)
 */
class FirstPull {
  going = true;
  readonly #replica: Replica;
  #passed = 0;

  constructor(replica: Replica) {
    this.#replica = replica;
    replica.hooks.setListening(false);
  }

  async wrote(docs: Doc[]): Promise<void> {
    if (!this.going) return;
    const { update_seq } = await this.#replica.local.info();
    if (update_seq !== this.#passed + docs.length) return this.end();
    this.#passed = update_seq;
    this.#replica.hooks.onWritten(docs);
  }

  async end(): Promise<void> {
    if (!this.going) return;
    this.going = false;
    this.#replica.hooks.setListening(true, this.#passed);
    this.#replica.skipTo(this.#passed);
  }
}

// Between the feed's answer and this one, the revision may have gone for good.
function unlessGone(error: RowError | undefined): [] {
  if (error?.error === 'not_found') return [];
  throw new MycouchError(500, `${error?.error}`, `${error?.reason}`);
}

/** How many changes to ask for after a page took `ms`: as many as come in a second or so; a slow link must get on too. */
export function paced(size: number, ms: number): number {
  if (ms < 1000) return Math.min(most, size * 2);
  return ms > 4000 ? Math.max(fewest, size >> 1) : size;
}
