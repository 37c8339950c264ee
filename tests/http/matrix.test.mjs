// Every route that is served, asked by everyone: the table is in matrix.mjs, who they are in matrix_stage.mjs.
//
// What a row needs is made anew for each caller, so that no row depends on another. Answers are held against the schemas
// of docs/openapi.yaml, too.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AnswerSchemas } from '../documents/answer_schemas.mjs';
import { openapi } from '../documents/generated.mjs';
import { claimsOf, Issuer } from '../harness/issuer.mjs';
import { isOfDatabase, named, servedRoutes, twinOf } from '../harness/routes.mjs';
import { withServer } from '../harness/server.mjs';
import { callers, matrix, words } from './matrix.mjs';
import { Administrator, issuer, people, Person, secrets, Stage } from './matrix_stage.mjs';

const timeout = 120_000;
const forger = new Issuer();
const rows = matrix.flatMap((group) => group.rows);

/** `pattern` with its parameters filled in. */
function filled(pattern, values) {
  return pattern.replace(/{(\w+)(\.\.\.)?}/g, (_, name) => {
    assert.ok(values[name] !== undefined, `${pattern}: a value for ${name}`);
    return values[name];
  });
}

function badTokens(tenant) {
  const claims = claimsOf(people.owner, tenant);
  return [issuer.token({ ...claims, exp: 1 }), forger.token(claims, { kid: issuer.kid })];
}

/** One row, asked by one caller, of the databases of the token's tenant or of the one that the path names. */
class Question {
  constructor(stage, row, who, within) {
    Object.assign(this, { stage, row, who, within });
    this.pattern = (within ? twinOf(row.pattern) : row.pattern) + (row.slash ? '/' : '');
    this.expected = (within ? row.within : row.statuses)[callers.indexOf(who)];
  }

  async ask() {
    if (this.expected === '-') return;
    const values = await this.#values();
    for (const authorization of this.#authorizations(values)) {
      const answer = await this.stage.server.request(this.row.method, this.#target(values), { ...this.#body(values), authorization });
      this.#check(answer, `${this.who}: ${this.row.method} ${this.#target(values)}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
  }

  /** The route's parameters. */
  async #values() {
    const { row, stage, who } = this;
    const subjects = { owner: people.owner, other: people.other, self: people[who] ?? who };
    const chosen = Object.entries(row.path ?? {}).map(([name, value]) => [name, subjects[value] ?? value]);
    const given = await stage.make(row.given, { who, table: row.table, base: this.within ? `/__tenants/${stage.band}/roady` : '/roady' });
    return { tenant: stage.band, db: 'roady', other: `user_${people.other}`, ...given, ...Object.fromEntries(chosen) };
  }

  #authorizations(values) {
    const { row, stage, who } = this;
    const active = isOfDatabase({ path: row.pattern }) ? stage.band : row.active ? values.tenant : undefined;
    if (who === 'no token') return [undefined];
    if (who === 'administrator') return [stage.administrator.authorization];
    if (who === 'bad token') return badTokens(active).map((token) => `Bearer ${token}`);
    return [new Person(stage.server, people[who], active).authorization];
  }

  #target(values) {
    return filled(this.pattern, values) + (this.row.query ? `?${new URLSearchParams(this.row.query(values))}` : '');
  }

  #body(values) {
    const { json, text, headers } = this.row;
    if (text) return { body: text, headers: { 'content-type': 'text/plain' } };
    return { json: typeof json === 'function' ? json(values) : json, headers: headers?.(values) };
  }

  #check(answer, told) {
    assert.equal(answer.status, Number(this.expected), told);
    assert.equal(this.stage.schemas.complaint({ method: this.row.method, path: this.pattern, status: answer.status }, answer.body), '', told);
    if (answer.status >= 400) this.#checkError(answer, told);
    else this.#checkSuccess(answer, told);
  }

  #checkSuccess({ body }, told) {
    for (const member of this.row.shows ?? []) assert.ok(member in body, `${member} in ${told}`);
    if (!this.row.results) return;
    const expected = this.row.results.split(' ')[callers.indexOf(this.who) - callers.indexOf('stranger')];
    assert.equal(body.length, 1, told);
    assert.equal(body[0].ok ? 'ok' : body[0].error, expected, told);
  }

  #checkError({ status, body, headers }, told) {
    const own = status !== 401 && status !== 403 ? this.row.word : undefined;
    assert.equal(body.error, own ?? words[status], told);
    if (this.row.pattern.startsWith('/__')) assert.equal(body.detail, body.reason, told);
    if (status === 401) assert.match(headers.get('www-authenticate'), /^Bearer\b/, told);
    for (const secret of secrets) assert.ok(!JSON.stringify(body).includes(secret), `an error tells nothing: ${told}`);
  }
}

test('each route that is served has its rows, and each row its route', () => {
  const served = new Set(servedRoutes().map(named));
  const asked = new Set(rows.flatMap(({ method, pattern }) =>
    [pattern, ...(isOfDatabase({ path: pattern }) ? [twinOf(pattern)] : [])].map((path) => named({ method, path }))));
  assert.deepEqual([...served].filter((route) => !asked.has(route)), [], 'routes without a row');
  assert.deepEqual([...asked].filter((route) => !served.has(route)), [], 'rows without a route');
});

test('each row has a status for each caller', () => {
  for (const row of rows) {
    for (const statuses of [row.statuses, row.within]) {
      assert.equal(statuses.length, callers.length, named({ method: row.method, path: row.pattern }));
      assert.ok(statuses.every((status) => /^(\d{3}|-)$/.test(status)));
    }
  }
});

test('each route answers each caller as the matrix says', { timeout }, withServer(async (server, t) => {
  const stage = await Stage.set(server, new AnswerSchemas(await openapi()));
  const askAll = (row, within) => Promise.all(callers.map((who) => new Question(stage, row, who, within).ask()));
  for (const row of rows) {
    const title = `${row.method} ${row.pattern}${row.slash ? '/' : ''}${row.what ? ` (${row.what})` : ''}`;
    await t.test(title, () => askAll(row, false));
    if (isOfDatabase({ path: row.pattern })) await t.test(`${title}, within the tenant`, () => askAll(row, true));
  }
}, { configuration: issuer.configuration() }));
