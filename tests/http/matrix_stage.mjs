// The people of the access matrix, and what stands before a request of it.
//
// Alice owns the tenant; Anna is its admin, Max a member, Vera a viewer, Otto a member whom the others act on. Mallory is
// a stranger, whose token nevertheless claims the tenant as her active one.
import assert from 'node:assert/strict';

import { claimsOf, Issuer } from '../harness/issuer.mjs';
import { invite } from '../harness/users.mjs';

export const issuer = new Issuer();
export const people = { stranger: 'mallory', viewer: 'vera', member: 'max', admin: 'anna', owner: 'alice', other: 'otto' };

let made = 0;

function freshName(kind) {
  made += 1;
  return `${kind}-${made}`;
}

/** Someone with a token of the test's issuer, which claims `tenant` as the active one. */
export class Person {
  constructor(server, sub, tenant) {
    this.server = server;
    this.sub = sub;
    this.personalTenant = `tenant_${sub}_personal`;
    this.authorization = `Bearer ${issuer.token(claimsOf(sub, tenant))}`;
  }

  async request(method, target, options = {}) {
    return this.server.request(method, target, { ...options, authorization: this.authorization });
  }

  async expect(status, method, target, options) {
    const answer = await this.request(method, target, options);
    assert.equal(answer.status, status, `${this.sub}: ${method} ${target}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}

export class Administrator extends Person {
  static async of(server) {
    return Object.assign(new Administrator(server, 'administrator'), { authorization: await server.administrator() });
  }
}

/** What an error must not tell. */
export const secrets = ['The Band', 'So What'];

// Who is signed in as a user.
function isUser(who) {
  return who in people;
}

/** Where the matrix is played: the server, its people, and a tenant that no row changes. */
export class Stage {
  static async set(server, schemas) {
    const stage = new Stage();
    Object.assign(stage, { server, schemas, administrator: await Administrator.of(server), alice: new Person(server, people.owner) });
    for (const sub of Object.values(people)) await new Person(server, sub).expect(200, 'GET', '/__users/_me');
    await stage.administrator.expect(201, 'PUT', '/roady');
    stage.band = await stage.tenant();
    return stage;
  }

  async tenant() {
    const { _id } = await this.alice.expect(201, 'POST', '/__tenants', { json: { name: 'The Band' } });
    const roles = { admin: 'admin', member: 'member', viewer: 'viewer', other: 'member' };
    for (const [who, role] of Object.entries(roles)) await invite(this.alice, new Person(this.server, people[who]), _id, role);
    return _id;
  }

  // Who is sure to be let: the administrator sees another database than the members where no tenant is named.
  maker(who) {
    return who === 'administrator' ? this.administrator : new Person(this.server, people.owner, this.band);
  }

  /** What a row's `given` names, as the values of parameters. `context`: `who` asks, of which `table` or `base`. */
  async make(given, context) {
    switch (given) {
      case undefined:
        return {};
      case 'themselves':
        return { id: '_me' };
      case 'another user':
        return this.anotherUser();
      case 'their own user document':
        return this.theirUserDocument(context);
      case 'a personal tenant':
        return { tenant: this.alice.personalTenant };
      case 'a tenant':
        return this.aTenant();
      case 'a deleted tenant':
        return this.aDeletedTenant();
      case 'an invitation':
        return this.anInvitation();
      case 'a name':
        return this.aName();
      case 'the name of a database':
        return { db: freshName('roadmap') };
      case 'a database':
        return this.aDatabase();
      case 'a checkpoint':
        return this.aCheckpoint(context);
      case 'a document':
        return this.aDocument(context, freshName('song'), { title: 'So What' });
      case 'an index':
        return this.anIndex(context);
      case 'a design document':
        return this.aDocument(context, `_design/${freshName('index')}`, { language: 'query' });
      default:
        throw new Error(`nobody knows how to make ${given}`);
    }
  }

  async anotherUser() {
    const person = new Person(this.server, freshName('user'));
    await person.expect(200, 'GET', '/__users/_me');
    return { id: person.sub };
  }

  async theirUserDocument({ who }) {
    const person = isUser(who) ? new Person(this.server, people[who]) : this.alice;
    return { doc: await person.expect(200, 'GET', '/__users/_me') };
  }

  async aTenant() {
    const tenant = await this.tenant();
    return { tenant, doc: await this.alice.expect(200, 'GET', `/__tenants/${tenant}`) };
  }

  async aDeletedTenant() {
    const tenant = await this.tenant();
    await this.alice.expect(200, 'DELETE', `/__tenants/${tenant}`);
    return { tenant };
  }

  async anInvitation() {
    const tenant = await this.tenant();
    const { id, token } = await this.alice.expect(201, 'POST', `/__tenants/${tenant}/invitations`, { json: { role: 'member' } });
    return { tenant, invite: id, token };
  }

  aName() {
    const name = freshName('new');
    return { id: name, local: name, design: name };
  }

  async aDatabase() {
    const db = freshName('roadmap');
    await this.administrator.expect(201, 'PUT', `/${db}`);
    return { db };
  }

  async aCheckpoint({ who, table, base }) {
    const local = freshName('checkpoint');
    const maker = table && isUser(who) ? new Person(this.server, people[who]) : table ? this.alice : this.maker(who);
    await maker.expect(201, 'PUT', `${table ?? base}/_local/${local}`, { json: {} });
    return { local };
  }

  async anIndex({ who, base }) {
    const ddoc = freshName('index');
    await this.maker(who).expect(200, 'POST', `${base}/_index`, { json: { index: { fields: ['title'] }, ddoc, name: 'by-title' } });
    return { design: ddoc, type: 'json', name: 'by-title' };
  }

  async aDocument({ who, base }, id, document) {
    const _attachments = { 'words.txt': { content_type: 'text/plain', data: Buffer.from('words').toString('base64') } };
    const { rev } = await this.maker(who).expect(201, 'PUT', `${base}/${id}`, { json: { ...document, _attachments } });
    return { id, design: id.replace('_design/', ''), rev, attachment: 'words.txt', function: 'all' };
  }
}
