// People who use an app: signed in through the development issuer, with a fresh token whenever the server asks for one.
import assert from 'node:assert/strict';

export class User {
  #token;

  constructor(server, sub, { expiresIn = 3600 } = {}) {
    this.server = server;
    this.sub = sub;
    this.id = `user_${sub}`;
    this.personalTenant = `tenant_${sub}_personal`;
    this.expiresIn = expiresIn;
    this.tokensTaken = 0;
  }

  async freshToken() {
    this.#token = await this.server.developmentToken({
      sub: this.sub,
      name: this.sub,
      email: `${this.sub}@example.com`,
      expires_in: this.expiresIn,
    });
    this.tokensTaken += 1;
    return this.#token;
  }

  async token() {
    return this.#token ?? this.freshToken();
  }

  /** One request, as an app sends it: a 401 is answered with a fresh token and a second try. */
  async request(method, target, options = {}) {
    const send = async (token) => this.server.request(method, target, { ...options, authorization: `Bearer ${token}` });
    const answer = await send(await this.token());
    return answer.status === 401 ? send(await this.freshToken()) : answer;
  }

  /** Signs in for the first time: afterwards the user, the personal tenant and a token for it are there. */
  async signIn() {
    const { status, body } = await this.request('GET', '/roady/');
    assert.equal(status, 200, JSON.stringify(body));
    return this;
  }
}

/** `inviter` invites `invitee` to a tenant, who accepts: the tenant as it is then. */
export async function invite(inviter, invitee, tenant, role = 'member') {
  const invited = await inviter.request('POST', `/__tenants/${tenant}/invitations`, { json: { role } });
  assert.equal(invited.status, 201, JSON.stringify(invited.body));
  const accepted = await invitee.request('POST', `/__invitations/${invited.body.token}/accept`, { json: {} });
  assert.equal(accepted.status, 200, JSON.stringify(accepted.body));
  return accepted.body;
}

/** A tenant of the user's own making: its id. */
export async function createTenant(user, name, metadata = {}) {
  const { status, body } = await user.request('POST', '/__tenants', { json: { name, metadata } });
  assert.equal(status, 201, JSON.stringify(body));
  return body._id;
}

export async function accept(user, token) {
  return user.request('POST', `/__invitations/${token}/accept`, { json: {} });
}

/** What an invitation does, done behind the server's back, as the administrator of the system database: `user` is a member of `tenant`. */
export async function addMember(server, tenant, user, role = 'member') {
  const joinedAt = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  await edit(server, tenant, (doc) => {
    doc.members[user.id] = { role, joinedAt };
    doc.userIds = [...new Set([...doc.userIds, user.id])];
  });
  await edit(server, user.id, (doc) => {
    doc.tenantIds = [...new Set([...doc.tenantIds, tenant])];
    doc.tenants = [...doc.tenants, { tenantId: tenant, role, personal: false, joinedAt }];
  });
}

export async function removeMember(server, tenant, user) {
  await edit(server, tenant, (doc) => {
    delete doc.members[user.id];
    doc.userIds = doc.userIds.filter((id) => id !== user.id);
  });
  await edit(server, user.id, (doc) => {
    doc.tenantIds = doc.tenantIds.filter((id) => id !== tenant);
    doc.tenants = doc.tenants.filter(({ tenantId }) => tenantId !== tenant);
  });
}

async function edit(server, id, change) {
  const found = await server.asAdministrator('GET', `/couch-sitter/${id}`);
  assert.equal(found.status, 200, `${id}: ${JSON.stringify(found.body)}`);
  change(found.body);
  const written = await server.asAdministrator('PUT', `/couch-sitter/${id}`, { json: found.body });
  assert.equal(written.status, 201, `${id}: ${JSON.stringify(written.body)}`);
}

/** Two members of one tenant (Alice's), and a stranger with a tenant of her own. */
export async function band(server, options) {
  const [alice, bob, mallory] = await Promise.all(
    ['alice', 'bob', 'mallory'].map((sub) => new User(server, sub, options).signIn()),
  );
  await invite(alice, bob, alice.personalTenant);
  return { alice, bob, mallory, tenant: alice.personalTenant };
}
