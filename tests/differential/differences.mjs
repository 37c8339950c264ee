// Where mycouch's answers differ from CouchDB's on purpose, each with its reason; docs/compatibility.md says the same to
// users.

const isRevisionTag = (etag) => /^"\d+-/.test(etag ?? '');

/**
 * An answer without what is never compared: a sequence's or a size's value, what says when and where a server was made,
 * and which methods a path has, which CouchDB lists in its own order and not always whole.
 */
export function reduced({ status, headers, body: sent }) {
  const body = withoutOrder(sent);
  const { etag, allow, ...rest } = headers;
  const kept = isRevisionTag(etag) ? { ...rest, etag } : rest;
  if (status === 405) return { status, headers: kept, body: typeof body === 'object' ? { ...body, reason: '' } : body };
  return { status, headers: kept, body: withoutPlace(body) };
}

// All leaves of a document: mycouch lists the winner first, CouchDB goes through its tree.
function withoutOrder(body) {
  const sorted = (list) => list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (Array.isArray(body) && body.every((one) => one?.ok?._id || one?.missing)) return sorted(body);
  if (!Array.isArray(body?.results)) return body;
  return { ...body, results: body.results.map((one) => (Array.isArray(one?.docs) ? { ...one, docs: sorted(one.docs) } : one)) };
}

function withoutPlace(value) {
  if (Array.isArray(value)) return value.map(withoutPlace);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => {
    if (name === 'instance_start_time' || name === '_local_seq') return [name, typeof member];
    if (name === 'sizes') return [name, Object.keys(member)];
    return [name, withoutPlace(member)];
  }));
}

const lists = /\/(_all_docs|_design_docs|_local_docs)(\/queries)?(\?|$)/;

function withoutOffsets(value) {
  if (Array.isArray(value)) return value.map(withoutOffsets);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, name === 'offset' ? null : withoutOffsets(member)]));
}

function withoutPending({ status, headers, body }) {
  const lines = (Array.isArray(body) ? body : [body]).map((line) => ({ ...line, pending: 0 }));
  return { status, headers, lines };
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** `applies(request, couch, ours)`: whether this is what the two answers differ by. */
export const intended = [
  {
    reason: 'CouchDB fails with 500 on what it does not expect, or breaks the connection; mycouch says what is wrong, 400',
    applies: (request, couch, ours) => (couch.status === 500 || couch.status === 0) && ours.status === 400,
  },
  {
    reason: 'CouchDB fails with 500 on an entry of `_bulk_get` whose id is null; mycouch says so in its row',
    applies: (request, couch, ours) => request.path.includes('/_bulk_get') && couch.status === 500 && ours.status === 200 && request.body?.docs?.some((entry) => entry?.id === null),
  },
  {
    reason: '`_local` and `_design` alone, and attachments of `_local` documents, by a method that documents do not have: CouchDB tells of the id, or asks for a Referer, as by any POST to a document',
    applies: (request, couch, ours) => couch.status === 400 && ours.status === 405 && (couch.body?.reason === 'Referer header required.' || /\/_(local|design)(\?|$)|\/_local\/a\/b/.test(request.path)),
  },
  {
    reason: 'a POST to a feed without a body needs no Content-Type',
    applies: (request, couch, ours) => request.path.includes('/_changes') && request.body === '' && couch.status === 415 && ours.status < 500,
  },
  {
    reason: 'of two options of a feed that are wrong, CouchDB tells of the first in the URL',
    applies: (request, couch, ours) => /_changes.*seq_interval=.*heartbeat=/.test(request.path) && couch.status === 400 && ours.status === 400,
  },
  {
    reason: 'the offset of a range is not counted where it begins with a key',
    applies: (request, couch, ours) => lists.test(request.path) && couch.status === 200 && same(withoutOffsets(couch), withoutOffsets(ours)),
  },
  {
    reason: 'with a filter, `pending` counts what is behind `last_seq`; CouchDB counts what the filter has left out too',
    applies: (request, couch, ours) => /_changes.*[?&]filter=/.test(request.path) && couch.status === 200 && same(withoutPending(couch), withoutPending(ours)),
  },
  {
    reason: 'the words of a 400 that tells of broken JSON or a wrong shape are mycouch\'s own',
    applies: (request, couch, ours) => couch.status === 400 && ours.status === 400 && couch.body?.error === 'bad_request' && ours.body?.error === 'bad_request' && /JSON|json|Invalid list|must be/.test(`${ours.body.reason}`),
  },
];
