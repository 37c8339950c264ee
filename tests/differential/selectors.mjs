// Random selectors over random documents, answered by mycouch and by a real CouchDB: the same documents, or the same
// refusal.
//
//   MYCOUCH_TEST_COUCHDB_URL=http://admin:password@127.0.0.1:5984 node tests/differential/selectors.mjs [SEED [SELECTORS]]
//
// Both answer by `_changes?filter=_selector`. Prints each difference, and exits with 1 where there was any. Without the URL
// it says so and does nothing.
import { isDeepStrictEqual } from 'node:util';

import { withServer } from '../harness/server.mjs';

const couchUrl = process.env.MYCOUCH_TEST_COUCHDB_URL;
const seed = Number(process.argv[2] ?? 1);
const selectors = Number(process.argv[3] ?? 2000);
const documents = 120;

/** Mulberry32: small, and the same everywhere. */
function generator(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = generator(seed);
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];
const some = (most, make) => Array.from({ length: below(most + 1) }, make);

const names = ['a', 'b', 'c', '0', 'a.b', 'é', '_id'];
const strings = ['', 'a', 'A', 'b', 'ab', 'aB', 'é', 'e\u0301', 'e', 'ex', 'z', '漢', '😀', 'a\u0000', '-', ' ', '_', '10', '9', 'doc', 'a\r\n'];
// As they are written: JSON.stringify would make 1 of 1.0.
const numbers = ['0', '1', '1.0', '-1', '2', '10', '3.5', '1e3', '1000', '-0.0', '9007199254740993', '9007199254740992.0', '123456789012345678901234567890'];
// Without \w and [[:alpha:]], which take bytes of UTF-8 for letters in CouchDB (docs/compatibility.md).
const patterns = ['a', '^a', 'b$', '(?i)AB', '^.$', '^..$', '[a-c]+', 'é', '\\d+', '(', '*a', 'a{2', '(*UTF8)^.$', '(a|b)*$', '(?<x>a)\\k<x>', '^$', '(?#x)a'];

const quote = JSON.stringify;
const object = (members) => `{${[...new Map(members)].map(([name, value]) => `${quote(name)}:${value}`).join(',')}}`;
const list = (values) => `[${values.join(',')}]`;

function scalar() {
  return pick([() => pick(numbers), () => pick(numbers), () => quote(pick(strings)), () => quote(pick(strings)), () => pick(['null', 'true', 'false'])])();
}

function value(depth) {
  if (depth === 0 || below(3) > 0) return scalar();
  return below(2) ? list(some(3, () => value(depth - 1))) : object(some(3, () => [pick(names), value(depth - 1)]));
}

function document(id) {
  const members = some(5, () => [pick(names.filter((name) => name !== '_id')), value(3)]);
  return object([['_id', quote(id)], ...members]);
}

function path() {
  const written = some(2, () => pick(['a', 'b', 'c', '0', '1', '+1', 'a\\.b', 'é', '_id']));
  return [pick(['a', 'b', 'c', 'a', 'b', 'c', 'a\\.b', 'é', '_id']), ...written].join('.') + (below(60) ? '' : '.');
}

function operator(depth) {
  const conditions = () => list(some(3, () => condition(depth - 1)));
  return pick([
    ...['$lt', '$lte', '$eq', '$ne', '$gte', '$gt'].map((op) => () => [op, value(2)]),
    () => [pick(['$in', '$nin', '$all']), list(some(3, () => value(2)))],
    () => ['$exists', pick(['true', 'false'])],
    () => ['$type', quote(pick(['null', 'boolean', 'number', 'string', 'array', 'object', 'x']))],
    () => ['$size', pick(['0', '1', '2', '3'])],
    () => ['$mod', list([pick(['2', '3', '-3', '10']), pick(['0', '1', '-1'])])],
    () => ['$regex', quote(pick(patterns))],
    () => ['$beginsWith', quote(pick(strings))],
    () => [pick(['$in', '$all', '$size', '$mod', '$regex', '$type', '$exists', '$and', '$not', '$elemMatch', '$beginsWith', '$where', '$like', '$text']), below(4) ? quote('a') : value(2)],
    ...(depth > 0
      ? [
          () => [pick(['$and', '$or', '$nor']), conditions()],
          () => ['$not', condition(depth - 1)],
          () => [pick(['$elemMatch', '$allMatch', '$keyMapMatch']), condition(depth - 1)],
          () => [pick(['$elemMatch', '$allMatch']), condition(depth - 1)],
        ]
      : []),
  ])();
}

function condition(depth) {
  const members = some(2, () => (below(2) ? operator(depth) : [path(), below(3) ? object([operator(depth)]) : value(2)]));
  return object(members.length > 0 ? members : [[path(), object([operator(depth)])]]);
}

function selector() {
  const combined = () => [pick(['$and', '$or', '$nor']), list(some(3, () => selectorOf(2)))];
  const negated = () => ['$not', selectorOf(2)];
  const selectorOf = (depth) => object([[path(), below(4) ? object([operator(depth)]) : condition(depth)], ...some(1, () => [path(), value(2)])]);
  return pick([() => selectorOf(3), () => selectorOf(3), () => object([combined()]), () => object([negated()]), () => condition(2)])();
}

/** What can be compared of an answer: ids, or why it was refused. */
async function ask({ url, authorization }, selector) {
  const response = await fetch(`${url}/_changes?filter=_selector`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: `{"selector":${selector}}`,
  });
  const { results, error, reason } = await response.json();
  return results ? { ids: results.map(({ id }) => id).sort() } : { error, reason };
}

/** CouchDB finds an empty name in a path only while it matches, and fails then; mycouch refuses it (docs/compatibility.md). */
function differsOnPurpose(theirs, ours) {
  return theirs.error === 'error' || ours.reason?.startsWith('Invalid field name');
}

async function compare(server) {
  const couch = new URL(couchUrl);
  const couchAuthorization = `Basic ${Buffer.from(`${couch.username}:${couch.password}`).toString('base64')}`;
  const name = `mycouch-selectors-${process.pid}`;
  const sides = [
    { url: `${couch.origin}/${name}`, authorization: couchAuthorization },
    { url: `${server.url}/${name}`, authorization: await server.administrator() },
  ];
  const bodies = Array.from({ length: documents }, (_, i) => document(`${pick(['doc', 'Doc', 'é', 'a'])}-${i}`));
  const send = async ({ url, authorization }, method, path, body) => {
    const response = await fetch(url + path, { method, headers: { authorization, 'content-type': 'application/json' }, body });
    if (!response.ok) throw new Error(`${method} ${url}${path}: ${response.status} ${await response.text()}`);
  };
  let differences = 0;
  let refused = 0;
  try {
    for (const side of sides) {
      await send(side, 'PUT', '');
      await send(side, 'POST', '/_bulk_docs', `{"docs":${list(bodies)}}`);
    }
    for (let i = 0; i < selectors; ++i) {
      const text = selector();
      const [theirs, ours] = await Promise.all(sides.map((side) => ask(side, text)));
      if (ours.error) refused += 1;
      if (differsOnPurpose(theirs, ours) || isDeepStrictEqual(theirs, ours)) continue;
      differences += 1;
      const only = (a, b) => (a.ids ?? []).filter((id) => !(b.ids ?? []).includes(id)).map((id) => bodies.find((body) => body.startsWith(`{"_id":${quote(id)}`)));
      console.log(`${text}\n  CouchDB: ${theirs.reason ?? only(theirs, ours).slice(0, 2).join(' ')}\n  mycouch: ${ours.reason ?? only(ours, theirs).slice(0, 2).join(' ')}`);
    }
  } finally {
    await send(sides[0], 'DELETE', '');
  }
  console.log(`seed ${seed}: ${selectors} selectors, ${refused} of them refused, ${differences} differences`);
  process.exitCode = differences > 0 ? 1 : 0;
}

if (couchUrl) {
  await withServer(compare)({ after() {} });
} else {
  console.log('SKIPPED: MYCOUCH_TEST_COUCHDB_URL names no CouchDB to compare with');
}
