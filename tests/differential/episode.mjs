// What is known of the database that one episode of requests works on: enough to ask for what is there, what was there
// and what never was.

/** Ids of all kinds, and few of them, so that requests meet each other's documents. */
const ids = ['a', 'b', 'c', 'B', 'ab', '1', '10', '9', 'é', 'z z', 'x/y', 'q?&=+%', '日本', '~', '_design/d', '_design/e f'];
const wrongIds = ['_x', '_local', '_design'];
const wrongRevisions = ['x', '1', '1-', '-1', 'a-b', '', '1-x-y', '-'];

export class Episode {
  /** id to its revisions, in the order in which they came to be known: those that were made elsewhere and here. */
  documents = new Map();
  requests = 0;
  /**
   * Set once two branches of a document end in revisions of one generation that the servers hashed themselves: which of
   * them wins is then not the same on both.
   */
  undecided = false;
  /** Whether `_revs_limit` was set. */
  limited = false;
  #madeHere = new Map();
  #purged = new Set();

  constructor(random, known, database) {
    this.random = random;
    this.known = known;
    this.database = database;
  }

  get path() {
    return `/${this.database}`;
  }

  id() {
    if (this.random.chance(0.02)) return this.random.pick(wrongIds);
    return this.random.pick(ids);
  }

  /** A document's, where there is one. */
  usedId() {
    return this.documents.size > 0 && this.random.chance(0.85) ? this.random.pick([...this.documents.keys()]) : this.id();
  }

  localId() {
    return this.random.pick(['a', 'b', 'c/d', 'é']);
  }

  revisionsOf(id) {
    return this.documents.get(id) ?? [];
  }

  /**
   * Whether something of the document is there that an edit may name as its parent. CouchDB looks whether that of a
   * document that is not there is one, and tells of a conflict, only while it has not read the database's validation
   * functions yet; otherwise it makes the document with that parent. mycouch always tells of the conflict
   * (docs/compatibility.md), so no request names one.
   */
  mayName(id) {
    return this.documents.has(id) && !this.#purged.has(id);
  }

  /**
   * Where a lower `_revs_limit` shortens a document's histories, CouchDB does it, and tells of a change, even with a write
   * that it refuses; mycouch with the next one that it makes. They differ from then on.
   */
  observe({ status, body }) {
    const refused = status === 409 || (Array.isArray(body) && body.some((row) => row?.error === 'conflict'));
    if (this.limited && refused) this.undecided = true;
  }

  /** A purge has taken all of the document. */
  forget(id) {
    this.#purged.add(id);
  }

  /** Most often the newest that is known of the document. */
  revision(id) {
    const revisions = this.revisionsOf(id);
    if (revisions.length > 0 && this.random.chance(0.6)) return revisions.at(-1);
    if (revisions.length > 0 && this.random.chance(0.7)) return this.random.pick(revisions);
    return this.random.chance(0.25) ? this.random.pick(wrongRevisions) : this.strangeRevision();
  }

  /**
   * Hashes that others made begin so that it does not depend on the server's own whether they are the greater ones.
   */
  hash() {
    const hash = this.random.pick(['00000000', 'ffffffff']) + this.random.hex(24);
    this.known.add(hash);
    return hash;
  }

  strangeRevision() {
    return `${1 + this.random.below(4)}-${this.hash()}`;
  }

  body() {
    const { random } = this;
    const body = { n: this.requests };
    if (random.chance(0.5)) body[random.pick(['name', 'type', 'é', 'a b'])] = random.pick(['x', 'ü"\\\n', 1, -2.5, 1e3, true, null, [], {}, [1, { a: [] }]]);
    return body;
  }

  learn(id, revision, { here = false } = {}) {
    if (!this.documents.has(id)) this.documents.set(id, []);
    this.#purged.delete(id);
    const revisions = this.documents.get(id);
    if (!revisions.includes(revision)) revisions.push(revision);
    if (!here) return;
    const generation = `${parseInt(revision, 10)} ${id}`;
    const made = this.#madeHere.get(generation) ?? new Set();
    this.#madeHere.set(generation, made.add(revision));
    if (made.size > 1) this.undecided = true;
  }
}
