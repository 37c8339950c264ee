// The kinds of request that are made at random. Each is `(episode) => request`; a request's `learn(answer)` is told what
// both servers have answered, where they agree.
const encode = encodeURIComponent;
const yes = 'true';
const odd = ['', 'false', 'TRUE', 'x', '1', 'null'];
const noNumbers = ['', 'x', '-1', '1.5', '1e1', 'null', '"1"'];

function query(parameters) {
  const text = Object.entries(parameters).map(([name, value]) => `${encode(name)}=${typeof value === 'string' && value.startsWith('{seq:') ? value : encode(value)}`).join('&');
  return text ? `?${text}` : '';
}

function documentPath(episode, id) {
  if (id.startsWith('_design/') && id.length > 8) return `${episode.path}/_design/${encode(id.slice(8))}`;
  return `${episode.path}/${encode(id)}`;
}

/** Some of the flags, most often true. */
function flags(random, names, most = 3) {
  return Object.fromEntries(random.some(names, most).map((name) => [name, random.chance(0.85) ? yes : random.pick(odd)]));
}

function number(random, most) {
  return random.chance(0.9) ? String(random.below(most)) : random.pick(noNumbers);
}

function learnWritten(episode) {
  return ({ status, body }) => {
    if (status < 300 && body?.rev && !body.id.startsWith('_local/')) episode.learn(body.id, body.rev, { here: true });
  };
}

/** A document as a client sends it, with what may be wrong with one. */
function document(episode, id) {
  const { random } = episode;
  const wrong = random.below(60);
  if (wrong === 0) return random.pick([[], 'x', 1, null, true]);
  const doc = episode.body();
  if (wrong === 1) doc[random.pick(['_x', '_views', '_'])] = 1;
  if (wrong === 2) doc._rev = random.pick([1, null, {}, []]);
  if (wrong === 3) doc._deleted = random.pick([1, null, 'true', 'false', 0, false]);
  if (wrong === 4) doc._revisions = random.pick([1, {}, { start: 1 }, { start: 'x', ids: [] }, { start: 1, ids: [1] }, { start: 1, ids: 'a' }]);
  if (wrong === 5) Object.assign(doc, { _revs_info: [], _conflicts: [], _deleted_conflicts: [], _local_seq: 1 });
  if (wrong === 6) doc._id = random.pick([1, null, '', '_x', [], {}]);
  if (wrong === 7) doc._attachments = random.pick([1, [], null, 'x']);
  if (doc._rev === undefined && wrong !== 4 && episode.mayName(id) && random.chance(0.85)) doc._rev = episode.revision(id);
  if (wrong > 8 && random.chance(0.12)) doc._deleted = true;
  return doc;
}

/** As a replicator brings it: with a history of its own, or one that continues what is known. */
function replicated(episode, id) {
  const { random } = episode;
  const parents = episode.revisionsOf(id).filter((revision) => /^\d+-[0-9a-f]{32}$/.test(revision));
  const doc = { _id: id, ...episode.body() };
  const hashes = Array.from({ length: 1 + random.below(3) }, () => episode.hash());
  let start = hashes.length;
  if (parents.length > 0 && random.chance(0.6)) {
    const parent = random.pick(parents);
    start += parseInt(parent, 10);
    hashes.push(parent.slice(parent.indexOf('-') + 1));
  } else if (random.chance(0.3)) {
    start += random.below(3);
  }
  if (random.chance(0.2)) doc._deleted = true;
  if (random.chance(0.9)) {
    doc._revisions = { start, ids: hashes };
    if (random.chance(0.5)) doc._rev = `${start}-${hashes[0]}`;
  } else {
    doc._rev = `${start}-${hashes[0]}`;
  }
  return { doc, revision: `${start}-${hashes[0]}` };
}

function put(episode) {
  const { random } = episode;
  const id = episode.id();
  const doc = document(episode, id);
  const parameters = {};
  const headers = {};
  if (doc?._rev !== undefined && episode.mayName(id) && random.chance(0.2)) {
    parameters.rev = random.chance(0.7) ? String(doc._rev) : episode.revision(id);
    if (random.chance(0.7)) delete doc._rev;
  } else if (doc?._rev !== undefined && random.chance(0.1)) {
    headers['if-match'] = random.pick([`"${doc._rev}"`, String(doc._rev)]);
    if (random.chance(0.7)) delete doc._rev;
  }
  if (doc && typeof doc === 'object' && !Array.isArray(doc) && random.chance(0.1)) doc._id ??= random.chance(0.5) ? id : episode.id();
  if (random.chance(0.03)) parameters.new_edits = random.pick(['true', 'x', '']);
  return { method: 'PUT', path: documentPath(episode, id) + query(parameters), headers, body: doc, learn: learnWritten(episode) };
}

function putReplicated(episode) {
  const { random } = episode;
  const id = episode.id();
  const { doc, revision } = replicated(episode, id);
  if (random.chance(0.5)) delete doc._id;
  if (random.chance(0.05)) delete doc._revisions;
  if (random.chance(0.05)) delete doc._rev;
  return {
    method: 'PUT',
    path: documentPath(episode, id) + query({ new_edits: 'false' }),
    body: doc,
    learn: ({ status }) => status < 300 && episode.learn(id, revision),
  };
}

function brokenBody(episode) {
  const { random } = episode;
  const endpoint = random.pick(['/a', '/_bulk_docs', '/_bulk_get', '/_revs_diff', '/_missing_revs', '/_all_docs', '/_changes', '/_purge', '/_local/a', '/_all_docs/queries', '']);
  // A POST of an object to the database would make a document whose id sorts differently on the two.
  const objects = endpoint === '' ? [] : ['{}', '{"docs":1}', '{"docs":{}}', '{"docs":[1]}', '{"docs":[[]]}', '{"docs":null}', '{"docs":[]}', '{"keys":1}', '{"keys":{}}', '{"queries":1}', '{"queries":[1]}'];
  return {
    method: endpoint === '/a' || endpoint.startsWith('/_local') ? 'PUT' : 'POST',
    path: episode.path + endpoint,
    body: random.pick(['', '{', '[]', '"x"', '1', 'null', '{"a":}', '{"a":[}', '[{}]', ...objects]),
    headers: random.chance(0.15) && !endpoint.endsWith('queries') ? { 'content-type': random.pick(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-8']) } : {},
    learn: learnWritten(episode),
  };
}

function get(episode) {
  const { random } = episode;
  const id = episode.usedId();
  const parameters = flags(random, ['conflicts', 'deleted_conflicts', 'latest', 'meta', 'revs', 'revs_info', 'attachments', 'att_encoding_info', 'deleted']);
  if (random.chance(0.5)) parameters.rev = episode.revision(id);
  const headers = random.chance(0.1) ? { 'if-none-match': random.pick([`"${episode.revision(id)}"`, '"x"', `"x", "${episode.revision(id)}"`]) } : {};
  return { method: random.chance(0.08) ? 'HEAD' : 'GET', path: documentPath(episode, id) + query(parameters), headers };
}

function openRevisions(episode) {
  const { random } = episode;
  const id = episode.usedId();
  const wrong = random.chance(0.06) ? random.pick(['', 'x', '{}', '[1]', '["x"]', '1', '[]', '"all"', 'null']) : undefined;
  const list = Array.from({ length: 1 + random.below(3) }, () => episode.revision(id));
  const parameters = { open_revs: wrong ?? (random.chance(0.4) ? 'all' : JSON.stringify(list)), ...flags(random, ['latest', 'revs', 'revs_info', 'conflicts', 'meta'], 2) };
  return { method: 'GET', path: documentPath(episode, id) + query(parameters) };
}

function remove(episode) {
  const { random } = episode;
  const id = episode.usedId();
  const parameters = random.chance(0.9) ? { rev: episode.revision(id) } : {};
  const headers = random.chance(0.1) ? { 'if-match': `"${episode.revision(id)}"` } : {};
  return { method: 'DELETE', path: documentPath(episode, id) + query(parameters), headers, learn: learnWritten(episode) };
}

function copy(episode) {
  const { random } = episode;
  const id = episode.usedId();
  const to = episode.id();
  const destination = `${to.startsWith('_design/') ? to : encode(to)}${episode.mayName(to) && random.chance(0.4) ? `?rev=${episode.revision(to)}` : ''}`;
  const headers = random.chance(0.95) ? { destination: random.chance(0.95) ? destination : random.pick(['', '/', 'http://x/y', '?rev=1-a', 'a?b=c']) } : {};
  const parameters = random.chance(0.3) ? { rev: episode.revision(id) } : {};
  return { method: 'COPY', path: documentPath(episode, id) + query(parameters), headers, learn: learnWritten(episode) };
}

function post(episode) {
  const { random } = episode;
  const id = random.chance(0.05) ? `_local/${episode.localId()}` : episode.id();
  const doc = document(episode, id);
  if (doc && typeof doc === 'object' && !Array.isArray(doc)) doc._id ??= id;
  return { method: 'POST', path: episode.path + (random.chance(0.05) ? '?new_edits=false' : ''), body: doc, learn: learnWritten(episode) };
}

function learnRows(episode) {
  return ({ status, body }) => {
    if (status >= 300) return;
    for (const row of body) if (row.ok && !row.id.startsWith('_local/')) episode.learn(row.id, row.rev, { here: true });
  };
}

/** By their ids: CouchDB counts the documents of one request in that order, mycouch in the request's. */
function inOrder(docs) {
  const bytes = (doc) => Buffer.from(typeof doc?._id === 'string' ? doc._id : '');
  return docs.sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
}

/**
 * Without those that would make a document anew which the same request deletes: CouchDB takes that for a conflict where it
 * looks before it writes (design documents, and while it has not read the validation functions), and does it otherwise.
 */
function withoutNewLives(docs) {
  const deleted = new Set();
  return docs.filter((doc) => {
    if (doc?._deleted === true) deleted.add(doc._id);
    return !(deleted.has(doc?._id) && doc._rev === undefined && doc._deleted !== true);
  });
}

/** Each `_local` document once: CouchDB stores one that a request names twice twice, and then finds the one or the other. */
function withoutTwins(docs) {
  const seen = new Set();
  return docs.filter((doc) => {
    const local = typeof doc?._id === 'string' && doc._id.startsWith('_local/');
    return !local || (!seen.has(doc._id) && seen.add(doc._id));
  });
}

function bulkDocs(episode) {
  const { random } = episode;
  const docs = Array.from({ length: random.below(5) }, () => {
    const id = random.chance(0.1) ? `_local/${episode.localId()}` : episode.id();
    const doc = document(episode, id);
    if (doc && typeof doc === 'object' && !Array.isArray(doc)) doc._id ??= id;
    if (doc?._id?.startsWith?.('_local/') && random.chance(0.3)) doc._rev = random.pick(['0-1', '0-2', 'x']);
    return doc;
  });
  const body = { docs: withoutTwins(withoutNewLives(inOrder(docs))) };
  if (random.chance(0.1)) body.new_edits = random.pick([true, true, 'false', 1, null]);
  return { method: 'POST', path: `${episode.path}/_bulk_docs`, body, learn: learnRows(episode) };
}

function bulkReplicated(episode) {
  const { random } = episode;
  const brought = Array.from({ length: 1 + random.below(4) }, () => replicated(episode, episode.id()));
  if (random.chance(0.05)) delete brought[0].doc._revisions;
  if (random.chance(0.05)) delete brought[0].doc._rev;
  return {
    method: 'POST',
    path: `${episode.path}/_bulk_docs`,
    body: { docs: inOrder(brought.map(({ doc }) => doc)), new_edits: false },
    learn: ({ status, body }) => {
      if (status >= 300 || body.length > 0) return;
      for (const { doc, revision } of brought) episode.learn(doc._id, revision);
    },
  };
}

function bulkGet(episode) {
  const { random } = episode;
  const docs = Array.from({ length: random.below(4) }, () => {
    if (random.chance(0.05)) return random.pick([1, {}, [], 'x', null, { id: '' }, { id: null }, { rev: '1-a' }, { id: 'a', rev: 1 }, { id: '_x' }]);
    const id = episode.usedId();
    const entry = { id };
    if (random.chance(0.7)) entry.rev = episode.revision(id);
    if (random.chance(0.05)) entry.atts_since = [];
    return entry;
  });
  return { method: 'POST', path: `${episode.path}/_bulk_get${query(flags(random, ['revs', 'latest', 'attachments', 'conflicts', 'revs_info', 'open_revs', 'rev', 'new_edits'], 2))}`, body: { docs } };
}

function revisionsAsked(episode) {
  const { random } = episode;
  const body = {};
  for (let i = random.below(4); i > 0; i -= 1) {
    const id = episode.usedId();
    // One that is named twice is missing for CouchDB even if it is there.
    body[id] = random.chance(0.04) ? random.pick([1, 'x', {}, [1], null, [null]]) : [...new Set(Array.from({ length: random.below(4) }, () => episode.revision(id)))];
  }
  return { method: 'POST', path: `${episode.path}/${random.pick(['_revs_diff', '_missing_revs'])}`, body };
}

// Without eventsource: CouchDB's answer to one that ends is no good HTTP.
function changes(episode) {
  const { random } = episode;
  const parameters = flags(random, ['include_docs', 'conflicts', 'attachments', 'descending', 'att_encoding_info'], 2);
  if (random.chance(0.3)) parameters.limit = String(random.below(6));
  if (random.chance(0.3)) parameters.style = random.chance(0.95) ? random.pick(['all_docs', 'main_only']) : 'main_only';
  if (random.chance(0.1)) parameters.seq_interval = random.chance(0.8) ? String(1 + random.below(4)) : random.pick([...noNumbers, '0']);
  if (random.chance(0.3)) parameters.since = random.chance(0.7) ? `{seq:${random.below(episode.requests + 1)}}` : random.pick(['0', 'now', 'x', '-1', '1.5']);
  if (random.chance(0.25)) Object.assign(parameters, { feed: random.pick(['longpoll', 'continuous', 'normal', 'live', 'x', '']), timeout: random.pick(['1', '10', '0']) });
  if (random.chance(0.05)) parameters.heartbeat = random.pick(['x', '0', '-1', '', '1.5']);
  if (random.chance(0.25)) parameters.filter = random.pick(['_doc_ids', '_doc_ids', '_doc_ids', '_design', '_view', '_x', 'd/x', 'x/y', 'x', '']);
  const list = random.chance(0.05) ? random.pick([1, {}, 'x', [1], null]) : random.some(['a', 'b', 'c', 'é', '_design/d', 'nowhere'], 4);
  const posted = random.chance(0.4);
  if (!posted && parameters.filter === '_doc_ids' && random.chance(0.95)) parameters.doc_ids = JSON.stringify(list);
  return {
    // CouchDB sends the rows of a feed that waits in answer to HEAD too.
    method: posted ? 'POST' : parameters.feed === undefined && random.chance(0.04) ? 'HEAD' : 'GET',
    path: `${episode.path}/_changes${query(parameters)}`,
    body: posted ? (random.chance(0.9) ? { doc_ids: list } : {}) : undefined,
  };
}

const listKeys = ['a', 'b', 'B', 'z', '', 'é', '1', '_design/d', '_local/a', 'nowhere'];

/** Options of `_all_docs` and its sisters: as they stand in a query string (JSON), or in a body (values). */
function listOptions(random, inBody) {
  const value = (options) => (inBody ? options : JSON.stringify(options));
  const key = () => value(random.chance(0.92) ? random.pick(listKeys) : random.pick([null, 1, [], {}, true, ['a']]));
  const options = {};
  for (const name of random.some(['include_docs', 'descending', 'inclusive_end', 'conflicts', 'update_seq', 'attachments', 'sorted', 'reduce'], 2)) {
    const flag = random.chance(0.6);
    options[name] = random.chance(0.93) ? (inBody ? flag : String(flag)) : random.pick(['', 'x', 'TRUE', '1']);
  }
  for (const name of ['limit', 'skip']) if (random.chance(0.25)) options[name] = inBody && random.chance(0.8) ? random.below(6) : number(random, 6);
  if (random.chance(0.35)) options[random.pick(['startkey', 'start_key'])] = key();
  if (random.chance(0.35)) options[random.pick(['endkey', 'end_key'])] = key();
  if (random.chance(0.1)) options.key = key();
  if (random.chance(0.05)) options[random.pick(['startkey_docid', 'endkey_docid', 'end_key_doc_id', 'start_key_doc_id'])] = inBody ? 'b' : 'b';
  return options;
}

// CouchDB lists local documents in _all_docs, where they are named as keys.
function keysOf(random, endpoint) {
  const keys = endpoint === '_all_docs' ? listKeys.filter((key) => !key.startsWith('_local')) : listKeys;
  return Array.from({ length: random.below(5) }, () => (random.chance(0.95) ? random.pick(keys) : random.pick([1, null, {}, []])));
}

function list(episode) {
  const { random } = episode;
  const endpoint = random.weighted({ _all_docs: 8, _design_docs: 3, _local_docs: 2 });
  const parameters = listOptions(random, false);
  if (random.chance(0.05)) parameters[random.pick(['startkey', 'endkey', 'key', 'keys'])] = random.pick(['a', '{', '', '[', 'null', '1']);
  if (random.chance(0.4)) {
    const body = random.chance(0.5) ? listOptions(random, true) : {};
    if (random.chance(0.7)) body.keys = keysOf(random, endpoint);
    return { method: 'POST', path: `${episode.path}/${endpoint}${query(random.chance(0.5) ? parameters : {})}`, body };
  }
  if (random.chance(0.3)) parameters.keys = JSON.stringify(keysOf(random, endpoint));
  return { method: random.chance(0.03) ? 'HEAD' : 'GET', path: `${episode.path}/${endpoint}${query(parameters)}` };
}

function queries(episode) {
  const { random } = episode;
  const endpoint = random.weighted({ _all_docs: 4, _design_docs: 1, _local_docs: 1 });
  const body = {
    queries: Array.from({ length: random.below(4) }, () => {
      const options = listOptions(random, true);
      if (random.chance(0.3)) options.keys = keysOf(random, endpoint);
      return options;
    }),
  };
  return { method: 'POST', path: `${episode.path}/${endpoint}/queries`, body };
}

function local(episode) {
  const { random } = episode;
  const id = episode.localId();
  const path = `${episode.path}/${random.pick(['_local/', '_local%2F'])}${encode(id)}`;
  const method = random.weighted({ GET: 4, PUT: 5, DELETE: 2, HEAD: 1, COPY: 1 });
  const parameters = random.chance(0.3) ? { rev: random.pick(['0-1', '0-2', '1-x', 'x', '0-0']) } : {};
  if (method === 'COPY') return { method, path, headers: { destination: random.pick(['_local/b', '_local/b?rev=0-4', '_local/b?rev=1-x', 'copied', 'a']) }, learn: learnWritten(episode) };
  if (method === 'DELETE') return { method, path: path + query(parameters) };
  if (method !== 'PUT') return { method, path: path + query({ ...(random.chance(0.2) ? parameters : {}), ...(random.chance(0.2) ? flags(random, ['revs', 'conflicts', 'revs_info', 'meta', 'latest']) : {}) }) };
  const doc = episode.body();
  if (random.chance(0.4)) doc._rev = random.pick(['0-1', '0-2', '0-3', '1-x', 'x', 1]);
  if (random.chance(0.1)) doc._deleted = true;
  if (random.chance(0.05)) doc._x = 1;
  // Beside a `_rev`, CouchDB takes {start: 0, ids: []} for none where it comes later.
  if (doc._rev === undefined && random.chance(0.1)) doc._revisions = random.pick([1, { start: 0, ids: ['3'] }, { start: 0, ids: [] }, { start: 1, ids: [1] }]);
  return { method, path: path + (random.chance(0.2) ? query(parameters) : ''), body: doc };
}

// CouchDB does not notice where a purge leaves a document with tombstones only, and goes on counting it: such an episode
// ends, and most purges are of everything that is known of a document.
function purge(episode) {
  const { random } = episode;
  const body = {};
  let whole = true;
  for (let i = random.below(3); i >= 0; i -= 1) {
    const id = episode.usedId();
    const known = episode.revisionsOf(id);
    if (known.length > 0 && random.chance(0.7)) {
      body[id] = known;
    } else {
      whole = false;
      body[id] = random.chance(0.05) ? random.pick([1, 'x', [1], {}, null]) : Array.from({ length: 1 + random.below(3) }, () => episode.revision(id));
    }
  }
  const learn = ({ status, body: answer }) => {
    if (status < 300) for (const id of Object.keys(body)) if (body[id] === episode.documents.get(id)) episode.forget(id);
    const removed = status < 300 && Object.values(answer.purged).some((revisions) => revisions.length > 0);
    if (removed && !whole) episode.undecided = true;
  };
  return { method: 'POST', path: `${episode.path}/_purge`, body, learn };
}

function settings(episode) {
  const { random } = episode;
  const [name, values] = random.pick([
    ['_revs_limit', ['1000', '5', '3', '0', '-1', '"x"', '1.5', 'null', '{}', '']],
    ['_purged_infos_limit', ['1000', '10', '0', '-1', '"x"', '{}']],
    ['_security', ['{"admins":{"names":[],"roles":["_admin"]},"members":{"names":[],"roles":["_admin"]}}', '{}', '[]', '1', '{"admins":1}', '{"members":{"names":"x"}}', '{"cloudant":{}}', '{"admins":{"names":[1],"roles":[]}}']],
  ]);
  const method = random.weighted({ GET: 4, PUT: 4, POST: 1, DELETE: 1, HEAD: 1 });
  const learn = ({ status }) => {
    if (method === 'PUT' && name === '_revs_limit' && status < 300) episode.limited = true;
  };
  return { method, path: `${episode.path}/${name}`, body: method === 'PUT' || method === 'POST' ? random.pick(values) : undefined, learn };
}

function databaseInformation(episode) {
  const { random } = episode;
  const name = episode.database;
  return random.pick([
    { method: 'GET', path: episode.path },
    { method: 'HEAD', path: episode.path },
    { method: 'GET', path: `${episode.path}/` },
    { method: 'PUT', path: episode.path },
    { method: 'GET', path: `/${name}-nowhere` },
    { method: 'HEAD', path: `/${name}-nowhere/a` },
    { method: 'DELETE', path: `/${name}-nowhere` },
    { method: 'DELETE', path: `${episode.path}?rev=1-a` },
    { method: 'POST', path: '/_dbs_info', body: { keys: random.some([name, `${name}-nowhere`, 'X', '_x', ''], 3) } },
    { method: 'POST', path: '/_dbs_info', body: random.pick([{}, { keys: 1 }, [], { keys: [1] }, { keys: [null] }, { keys: {} }]) },
    { method: 'GET', path: `/_dbs_info${query({ key: JSON.stringify(name) })}` },
    { method: 'GET', path: `/_dbs_info${query({ startkey: JSON.stringify(name), endkey: JSON.stringify(`${name}z`) })}` },
    { method: 'GET', path: `/_all_dbs${query({ startkey: JSON.stringify(name), endkey: JSON.stringify(`${name}z`), ...random.pick([{}, { limit: number(random, 3) }, { skip: number(random, 3) }, { descending: 'true' }, { inclusive_end: 'false' }]) })}` },
    { method: 'GET', path: `/_all_dbs${query({ key: JSON.stringify(name) })}` },
    { method: 'GET', path: `/_uuids${query(random.pick([{}, { count: number(random, 3) }, { count: '1001' }]))}` },
    { method: 'POST', path: '/_uuids' },
    { method: random.pick(['GET', 'HEAD']), path: '/_up' },
    { method: 'POST', path: `${episode.path}/_ensure_full_commit`, body: random.pick([undefined, {}]), headers: { 'content-type': 'application/json' } },
    { method: 'POST', path: `${episode.path}/_view_cleanup`, body: {} },
    { method: random.pick(['POST', 'PATCH', 'COPY', 'PUT', 'DELETE', 'GET']), path: episode.path + random.pick(['/_all_docs', '/_changes', '/_bulk_docs', '/_bulk_get', '/_revs_diff', '/_missing_revs', '/_purge', '/_compact', '/_ensure_full_commit', '/_local', '/_local/a/b', '/_x', '/_x/y', '/_all_docs/queries', '/_design', '/_view_cleanup']), body: '{}', learn: learnWritten(episode) },
  ]);
}

/** How often each kind is asked for. */
export const kinds = {
  put: [put, 14],
  putReplicated: [putReplicated, 6],
  brokenBody: [brokenBody, 2],
  get: [get, 14],
  openRevisions: [openRevisions, 8],
  remove: [remove, 5],
  copy: [copy, 4],
  post: [post, 3],
  bulkDocs: [bulkDocs, 7],
  bulkReplicated: [bulkReplicated, 7],
  bulkGet: [bulkGet, 7],
  revisionsAsked: [revisionsAsked, 5],
  changes: [changes, 10],
  list: [list, 12],
  queries: [queries, 3],
  local: [local, 6],
  purge: [purge, 2],
  settings: [settings, 2],
  databaseInformation: [databaseInformation, 5],
};
