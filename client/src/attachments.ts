// Attachments on their way to the device. `_bulk_get` brings their stubs; each content that is not here is a request.
import type { Attachment, Doc } from './pouch.js';
import type { Replica } from './replica.js';

const atOnce = 4;
const groupBytes = 16 << 20;
const groupDocs = 500;

/** `docs` in groups to be written at once, whose attachments fit into memory together. */
export function groupsOf(docs: Doc[]): Doc[][] {
  const groups: Doc[][] = [];
  let room = 0;
  for (const doc of docs) {
    const bytes = Object.values(doc._attachments ?? {}).reduce((sum, { length }) => sum + (length ?? 0), 0);
    if (groups.length === 0 || bytes > room || groups.at(-1)!.length === groupDocs) {
      groups.push([]);
      room = groupBytes;
    }
    groups.at(-1)!.push(doc);
    room -= bytes;
  }
  return groups;
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
  try {
    const doc = (await local.get(id)) as Doc;
    return new Set(Object.values(doc._attachments ?? {}).map(({ digest }) => digest));
  } catch {
    return new Set();
  }
}

// PouchDB takes a Buffer in Node and a Blob in a browser.
function asContent(bytes: Uint8Array, type = 'application/octet-stream'): unknown {
  const { Buffer, process } = globalThis as { Buffer?: { from(bytes: Uint8Array): unknown }; process?: { versions?: { node?: string } } };
  return Buffer && process?.versions?.node ? Buffer.from(bytes) : new Blob([bytes as BlobPart], { type });
}
