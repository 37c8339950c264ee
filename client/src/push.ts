// From the device to the server: what has changed here since the checkpoint, less what came from there.
import { attachedBytes, groupsOf } from './attachments.js';
import { MycouchError } from './errors.js';
import { type Leaf, leavesOf, missingOf, nameOf } from './leaves.js';
import { readLocal, writeLocal, type ChangeRow, type Doc, type LocalDatabase } from './pouch.js';
import type { Replica } from './replica.js';

const checkpointId = 'mycouch-push';
const changesAtOnce = 500;
const requestBytes = 4 << 20;

interface Checkpoint {
  since: number | string;
  /** Of the server's view that it is about: another one may not have what was sent to this one. */
  epoch: string;
  /** The revisions that the server refused, by their document's id. */
  denied: Record<string, string>;
}

/** The server will not take any document from this caller, who may still read. */
export class ReadOnly extends MycouchError {}

/** Runs until `signal` is aborted, or something fails. `epoch` is the one of the server's view. */
export async function push(replica: Replica, epoch: string, signal: AbortSignal): Promise<void> {
  const { local } = replica;
  const stored = await readLocal<Checkpoint>(local, checkpointId);
  const checkpoint: Checkpoint =
    stored?.epoch === epoch ? { since: stored.since, epoch, denied: stored.denied } : { since: 0, epoch, denied: {} };
  while (!signal.aborted) {
    const changed = replica.nextLocalChange();
    const skip = replica.takeSkip();
    if (skip !== undefined && skip > Number(checkpoint.since)) {
      checkpoint.since = skip;
      await writeLocal(local, checkpointId, checkpoint);
    }
    const { results, last_seq } = await changesSince(local, checkpoint.since, changesAtOnce);
    if (results.length === 0) {
      replica.working('push', false);
      await changed;
      continue;
    }
    await send(replica, results, checkpoint.denied, signal);
    checkpoint.since = last_seq;
    await writeLocal(local, checkpointId, checkpoint);
    for (const { id, rev } of leavesOf(results)) replica.pulledRevs.delete(nameOf(id, rev));
  }
}

/** The ids of what is to be sent, as far as is known without asking. */
export async function unpushedIds(local: LocalDatabase): Promise<string[]> {
  const checkpoint = await readLocal<Checkpoint>(local, checkpointId);
  return (await changesSince(local, checkpoint?.since ?? 0)).results.map(({ id }) => id);
}

/** The documents that have changed here and that the server has not got, or has refused; with their attachments. */
export async function unpushed(local: LocalDatabase, pulledRevs: Set<string>): Promise<Doc[]> {
  const checkpoint = await readLocal<Checkpoint>(local, checkpointId);
  const { results } = await changesSince(local, checkpoint?.since ?? 0);
  const denied = Object.entries(checkpoint?.denied ?? {}).map(([id, rev]) => ({ id, rev }));
  const wanted = new Map([...denied, ...unknownOf(results, pulledRevs)].map((leaf) => [nameOf(leaf.id, leaf.rev), leaf]));
  const docs = await read(local, [...wanted.values()], true);
  for (const doc of docs) delete doc._revisions;
  return docs;
}

function changesSince(local: LocalDatabase, since: number | string, limit?: number): Promise<{ results: ChangeRow[]; last_seq: number }> {
  return local.changes({ since, style: 'all_docs', ...(limit ? { limit } : {}) });
}

// What did not come from the server, as far as is known here.
function unknownOf(rows: ChangeRow[], pulledRevs: Set<string>): Leaf[] {
  return leavesOf(rows).filter(({ id, rev }) => !pulledRevs.has(nameOf(id, rev)));
}

async function send(replica: Replica, rows: ChangeRow[], denied: Record<string, string>, signal: AbortSignal): Promise<void> {
  const { local, http, path } = replica;
  const missing = await missingOf(unknownOf(rows, replica.pulledRevs), (body) => http.json('POST', `${path}/_revs_diff`, { body, signal }));
  if (missing.length > 0) replica.working('push', true);
  for (const group of groupsOf(await read(local, missing, false), requestBytes, sentBytes)) {
    await post(replica, await withAttachments(local, group), denied, signal);
  }
}

async function read(local: LocalDatabase, leaves: Leaf[], attachments: boolean): Promise<Doc[]> {
  if (leaves.length === 0) return [];
  const { results } = (await local.bulkGet({ docs: leaves, revs: true, attachments })) as { results: { docs: { ok?: Doc }[] }[] };
  return results.flatMap(({ docs }) => docs.flatMap(({ ok }) => ok ?? []));
}

// Attachments go in base64.
function sentBytes(doc: Doc): number {
  return JSON.stringify(doc).length + attachedBytes(doc) * 1.4;
}

async function withAttachments(local: LocalDatabase, docs: Doc[]): Promise<Doc[]> {
  const leaves = docs.filter(({ _attachments }) => _attachments).map(({ _id, _rev }) => ({ id: _id, rev: _rev! }));
  const whole = new Map((await read(local, leaves, true)).map((doc) => [nameOf(doc._id, doc._rev), doc]));
  return docs.map((doc) => whole.get(nameOf(doc._id, doc._rev)) ?? doc);
}

/** A row of `_bulk_docs`' answer: with `new_edits: false`, what was refused has one and nothing else. */
interface Refusal {
  id: string;
  error: string;
  reason: string;
}

async function post(replica: Replica, docs: Doc[], denied: Record<string, string>, signal: AbortSignal): Promise<void> {
  let rows: Refusal[];
  try {
    rows = await replica.http.json('POST', `${replica.path}/_bulk_docs`, { body: { docs, new_edits: false }, signal });
  } catch (error) {
    if (!(error instanceof MycouchError)) throw error;
    if (error.status === 403) throw new ReadOnly(403, error.code, error.message);
    if (error.status !== 413) throw error;
    if (docs.length > 1) {
      const half = docs.length >> 1;
      await post(replica, docs.slice(0, half), denied, signal);
      return post(replica, docs.slice(half), denied, signal);
    }
    rows = [{ id: docs[0]!._id, error: error.code, reason: error.message }];
  }
  const refused = new Map(rows.map((row) => [row.id, row]));
  for (const { _id, _rev } of docs) {
    const row = refused.get(_id);
    if (!row) {
      delete denied[_id];
      continue;
    }
    if (/^(internal|service)/.test(row.error)) throw new MycouchError(503, row.error, row.reason);
    denied[_id] = _rev!;
    replica.hooks.report('denied', { id: _id, code: row.error, reason: row.reason });
  }
  replica.progress.pushed += docs.length - refused.size;
  replica.onProgress();
}
