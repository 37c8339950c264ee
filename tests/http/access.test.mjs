// Who may do what: each route asked by everyone.
//
// Alice owns the tenant; Max is a member, Vera a viewer; Mallory is a stranger whose token nevertheless claims Alice's
// tenant as her active one.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Connection } from '../harness/connection.mjs';
import { claimsOf, Issuer } from '../harness/issuer.mjs';
import { withServer } from '../harness/server.mjs';
import { addMember, band, invite } from '../harness/users.mjs';
import { eventually } from '../harness/wait.mjs';

const timeout = 60_000;
const issuer = new Issuer();
const tenant = 'tenant_alice_personal';
const secret = 'only for the band';
const staleRev = `9-${'a'.repeat(32)}`;

const callers = ['nobody', 'bad', 'stranger', 'viewer', 'member', 'owner', 'administrator'];
const names = { stranger: 'mallory', viewer: 'vera', member: 'max', owner: 'alice' };

// Statuses in the order of `callers`; a dash where the row is not asked. {who} in a path is the caller's own name.
const rows = `
GET    /                                    200 200 200 200 200 200 200
GET    /_up                                 200 200 200 200 200 200 200
GET    /_all_dbs                            401 401 200 200 200 200 200

GET    /roady/                              401 401 403 200 200 200 200
HEAD   /roady/                              401 401 403 200 200 200 200
GET    /roady/song                          401 401 403 200 200 200 404
HEAD   /roady/song                          401 401 403 200 200 200 404
GET    /roady/none                          401 401 403 404 404 404 404
GET    /roady/_all_docs                     401 401 403 200 200 200 200
POST   /roady/_all_docs       {"keys":[]}   401 401 403 200 200 200 200
GET    /roady/_changes                      401 401 403 200 200 200 200
POST   /roady/_revs_diff      {}            401 401 403 200 200 200 200
POST   /roady/_bulk_get       {"docs":[]}   401 401 403 200 200 200 200
GET    /roady/_local/none                   401 401 403 404 404 404 404
PUT    /roady/_local/{who}    {}            401 401 403 201 201 201 201
PUT    /roady/new-{who}       {}            401 401 403 403 201 201 201
POST   /roady/                {}            401 401 403 403 201 201 201
POST   /roady/_bulk_docs      {"docs":[{}]} 401 401 403 403 201 201 201
DELETE /roady/song?rev=STALE                401 401 403 403 409 409 -
PUT    /roady/_design/code    {"views":{}}  401 401 403 403 403 403 -
DELETE /roady                               401 401 403 403 403 403 -

GET    /__tenants/TENANT/roady/             401 401 403 200 200 200 200
GET    /__tenants/TENANT/roady/song         401 401 403 200 200 200 200
GET    /__tenants/alice_personal/roady/song 401 401 403 200 200 200 200
GET    /__tenants/TENANT/roady/_changes     401 401 403 200 200 200 200
PUT    /__tenants/TENANT/roady/by-{who} {}  401 401 403 403 201 201 201
GET    /__tenants/none/roady/               401 401 404 404 404 404 404
GET    /__tenants/TENANT/couch-sitter/      401 401 404 404 404 404 -
GET    /__tenants/TENANT/other/             401 401 404 404 404 404 -

GET    /__tenants                           401 401 200 200 200 200 -
GET    /__tenants/TENANT                    401 401 403 200 200 200 200
GET    /__tenants/alice_personal            401 401 403 200 200 200 200
GET    /__tenants/none                      401 401 404 404 404 404 404
POST   /__tenants             {"name":"n"}  401 401 201 201 201 201 -

GET    /__users/_me                         401 401 200 200 200 200 -
GET    /__users/{who}                       401 401 200 200 200 200 -
GET    /__users/alice                       401 401 403 403 403 200 200
GET    /__users/none                        401 401 403 403 403 403 404
PUT    /__users/alice         {"name":"x"}  401 401 403 403 403 200 -
PUT    /__users/_me {"active_tenant_id":"TENANT"} 401 401 403 200 200 200 -
PUT    /__users/_me           {"sub":"x"}   401 401 400 400 400 400 -

GET    /couch-sitter/                       401 401 404 404 404 404 200
GET    /couch-sitter/user_alice             401 401 404 404 404 404 200
PUT    /couch-sitter/evil     {}            401 401 404 404 404 404 -
GET    /other/                              401 401 404 404 404 404 404
GET    /other/song                          401 401 404 404 404 404 404
PUT    /other-{who}                         401 401 403 403 403 403 201
`;

function parse(line) {
  const [, method, path, body, statuses] = /^(\S+)\s+(\S+)\s+(?:({.*})\s+)?([-\d\s]+)$/.exec(line);
  return { method, path: path.replace('TENANT', tenant).replace('STALE', staleRev), body: body?.replace('TENANT', tenant), statuses: statuses.trim().split(/\s+/) };
}

async function signIn(server, name) {
  const { status, body } = await server.request('GET', '/__users/_me', { authorization: `Bearer ${issuer.token({ ...claimsOf(name), active_tenant_id: undefined })}` });
  assert.equal(status, 200, JSON.stringify(body));
}

const errors = { 400: 'bad_request', 401: 'unauthorized', 403: 'forbidden', 404: 'not_found', 409: 'conflict' };

test('each route answers each caller as the contract says', { timeout }, withServer(async (server, t) => {
  for (const name of Object.values(names)) await signIn(server, name);
  await addMember(server, tenant, { id: 'user_max' }, 'member');
  await addMember(server, tenant, { id: 'user_vera' }, 'viewer');
  const authorizations = { nobody: undefined, bad: `Bearer ${issuer.token({ ...claimsOf('alice', tenant), exp: 1 })}`, administrator: await server.administrator() };
  for (const [who, name] of Object.entries(names)) authorizations[who] = `Bearer ${issuer.token(claimsOf(name, tenant))}`;
  const song = await server.request('PUT', '/roady/song', { authorization: authorizations.owner, json: { secret } });
  assert.equal(song.status, 201, JSON.stringify(song.body));

  for (const { method, path, body, statuses } of rows.split('\n').filter(Boolean).map(parse)) {
    await t.test(`${method} ${path}`, async () => {
      for (const [i, who] of callers.entries()) {
        if (statuses[i] === '-') continue;
        const target = path.replace('{who}', names[who] ?? who);
        const answer = await server.request(method, target, { authorization: authorizations[who], body });
        const text = JSON.stringify(answer.body);
        assert.equal(answer.status, Number(statuses[i]), `${who}: ${text}`);
        if (answer.status >= 400 && method !== 'HEAD') {
          assert.equal(answer.body.error, errors[answer.status], `${who}: ${text}`);
          assert.equal(typeof answer.body.reason, 'string', `${who}: ${text}`);
          assert.ok(!text.includes(secret), `${who} is told nothing`);
        }
      }
    });
  }
}, { configuration: issuer.configuration() }));

/** Sends all of a write but its last byte; `meanwhile`; then that byte: the answer. */
async function slowly(user, method, target, body, meanwhile) {
  const connection = await Connection.open(user.server);
  const head = `${method} ${target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${await user.token()}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  await connection.send(head + body.slice(0, -1));
  // It came later and is answered, so the head of the first has been looked at, in all likelihood: had it not, the answer
  // below would be the same.
  await eventually('a later request is answered', async () => (await user.request('GET', '/roady/')).status);
  await meanwhile();
  await connection.send(body.slice(-1));
  const answer = await connection.answer();
  connection.end();
  return answer;
}

test('a write whose body comes after its writer has lost the right is refused', { timeout }, withServer(async (server) => {
  const { alice, bob, tenant } = await band(server);
  const database = `/__tenants/${tenant}/roady`;
  const change = async (method, json) => {
    const { status, body } = await alice.request(method, `/__tenants/${tenant}/members/${bob.sub}`, { json });
    assert.equal(status, 200, JSON.stringify(body));
  };
  const setRole = (role) => change('PUT', { role });
  const remove = () => change('DELETE');
  const writes = [
    ['PUT', `${database}/a`, '{"n":1}'],
    ['POST', database, '{"_id":"a"}'],
    ['POST', `${database}/_bulk_docs`, '{"docs":[{"_id":"a"}]}'],
    ['PUT', `${database}/a/file`, '{"n":1}'],
  ];
  for (const [method, target, body] of writes) {
    const answer = await slowly(bob, method, target, body, () => setRole('viewer'));
    assert.equal(answer.status, 403, `${method} ${target} of a viewer`);
    assert.equal(answer.body.reason, 'a viewer may not write');
    await setRole('member');
  }
  assert.equal((await slowly(bob, 'PUT', `${database}/b`, '{}', async () => {})).status, 201);
  for (const [method, target, body] of [...writes, ['PUT', `${database}/_local/x`, '{}']]) {
    const answer = await slowly(bob, method, target, body, remove);
    assert.equal(answer.status, 403, `${method} ${target} of a stranger`);
    await invite(alice, bob, tenant);
  }
  assert.equal((await alice.request('GET', `${database}/a`)).status, 404);
}));

test('a route is known by its method too', { timeout }, withServer(async (server) => {
  const authorization = await server.administrator();
  for (const [method, path] of [['PATCH', '/roady/'], ['DELETE', '/_up'], ['PUT', '/roady/_all_docs'], ['DELETE', '/roady/_bulk_docs']]) {
    const { status, body, headers } = await server.request(method, path, { authorization });
    assert.equal(status, 405, `${method} ${path}`);
    assert.equal(body.error, 'method_not_allowed');
    assert.ok(headers.get('allow')?.length > 0, 'the methods that are allowed');
  }
}, { configuration: issuer.configuration() }));

test('a database that only a pattern allows is listed where the caller\'s tenant has something in it', { timeout }, withServer(async (server) => {
  for (const name of ['alice', 'max']) await signIn(server, name);
  const as = (name) => ({ authorization: `Bearer ${issuer.token(claimsOf(name))}` });
  const listed = async (name) => (await server.request('GET', '/_all_dbs', as(name))).body;
  assert.equal((await server.request('GET', '/roady-merger', as('alice'))).status, 200);
  assert.deepEqual(await listed('alice'), ['roady']);
  assert.equal((await server.request('PUT', '/roady-merger/plan', { ...as('alice'), json: {} })).status, 201);
  assert.deepEqual(await listed('alice'), ['roady', 'roady-merger']);
  assert.deepEqual(await listed('max'), ['roady']);
}, { configuration: issuer.configuration() }));
