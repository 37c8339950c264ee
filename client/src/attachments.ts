// Attachments on their way to the device. `_bulk_get` brings their stubs; each content that is not here is a request.
import { ifFound } from './errors.js';
import type { Attachment, Doc } from './pouch.js';
import { inNode } from './platform.js';
import type { Replica } from './replica.js';

const atOnce = 4;
const groupDocs = 500;

/** `docs` in groups of at most 500, and of `bytes` together unless one alone has more. `weigh` gives those of one. */
export function groupsOf(docs: Doc[], bytes: number, weigh: (doc: Doc) => number): Doc[][] {
  const groups: Doc[][] = [];
  let room = 0;
  for (const doc of docs) {
    const weight = weigh(doc);
    if (weight > room || groups.at(-1)?.length === groupDocs || groups.length === 0) {
      groups.push([]);
      room = bytes;
    }
    groups.at(-1)!.push(doc);
    room -= weight;
  }
  return groups;
}

export function attachedBytes({ _attachments = {} }: Doc): number {
  return Object.values(_attachments).reduce((sum, { length = 0 }) => sum + length, 0);
}

/** Puts the content into every stub whose content the local database does not have. */
export async function fetchAttachments(replica: Replica, docs: Doc[], signal: AbortSignal): Promise<void> {
  const wanted: { doc: Doc; name: string; attachment: Attachment }[] = [];
  for (const doc of docs) {
    const stubs = Object.entries(doc._attachments ?? {});
    if (stubs.length === 0) continue;
    const here = await localDigests(replica, doc._id);
    for (const [name, attachment] of stubs) {
      if (!here.has(attachment.digest)) wanted.push({ doc, name, attachment });
    }
  }
  const queue = wanted.values();
  const work = async () => {
    for (const { doc, name, attachment } of queue) {
      const target = `${encodeURIComponent(doc._id)}/${name.split('/').map(encodeURIComponent).join('/')}?rev=${doc._rev}`;
      const bytes = await replica.http.bytes('GET', `${replica.path}/${target}`, { signal });
      attachment.data = asContent(bytes, attachment.content_type);
      delete attachment.stub;
      delete attachment.length;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

async function localDigests({ local }: Replica, id: string): Promise<Set<string | undefined>> {
  const doc = await ifFound<Doc>(local.get(id));
  return new Set(Object.values(doc?._attachments ?? {}).map(({ digest }) => digest));
}

// PouchDB takes a Buffer in Node and a Blob in a browser.
function asContent(bytes: ArrayBuffer, type?: string): unknown {
  const { Buffer } = globalThis as { Buffer?: { from(bytes: ArrayBuffer): unknown } };
  return inNode ? Buffer!.from(bytes) : new Blob([bytes], type ? { type } : {});
}
