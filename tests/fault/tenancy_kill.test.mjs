// The server is killed at each side of the write that a change of users and tenants makes. Before and after the restart
// users, tenants and invitations agree with each other, and what was asked can be asked again.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { withServer } from '../harness/server.mjs';
import { accept, createTenant, invite, User } from '../harness/users.mjs';

const timeout = 60_000;

async function consistent(server) {
  const { status, output } = await server.checkStore();
  assert.equal(status, 0, output);
}

/** A band of Alice's with Bob in it, and a pending invitation of Carol's. */
async function prepare(server) {
  const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map((sub) => new User(server, sub).signIn()));
  const band = await createTenant(alice, 'Band');
  await invite(alice, bob, band);
  assert.equal((await bob.request('PUT', '/__users/_me', { json: { active_tenant_id: band } })).status, 200);
  const { body } = await alice.request('POST', `/__tenants/${band}/invitations`, { json: { role: 'member' } });
  return { alice, bob, carol, dave: new User(server, 'dave'), band, token: body.token };
}

const status = (expected) => ({ status: found, body }) => assert.equal(found, expected, JSON.stringify(body));

// `deed`: what is under way when the server dies; `again`: the same asked of the restarted server, done or not.
const cases = {
  bootstrap: {
    deed: ({ dave }) => dave.request('POST', '/__bootstrap', { json: {} }),
    again: async ({ dave }) => {
      status(200)(await dave.request('POST', '/__bootstrap', { json: {} }));
      const { body } = await dave.request('GET', '/__tenants');
      assert.deepEqual(body.map(({ _id }) => _id), [dave.personalTenant]);
    },
  },
  'tenant.create': {
    deed: ({ alice }) => alice.request('POST', '/__tenants', { json: { name: 'Trio' } }),
    again: async ({ alice }, written) => {
      const { body } = await alice.request('GET', '/__tenants');
      assert.equal(body.filter(({ name }) => name === 'Trio').length, written ? 1 : 0);
    },
  },
  'invitation.accept': {
    deed: ({ carol, token }) => accept(carol, token),
    again: async ({ carol, alice, band, token }, written) => {
      status(written ? 404 : 200)(await accept(carol, token));
      const { body } = await alice.request('GET', `/__tenants/${band}`);
      assert.ok(body.userIds.includes(carol.id));
      assert.ok((await carol.request('GET', '/__users/_me')).body.tenantIds.includes(band));
    },
  },
  'tenant.transfer': {
    deed: ({ alice, bob, band }) => alice.request('POST', `/__tenants/${band}/transfer`, { json: { userId: bob.id } }),
    again: async ({ alice, bob, band }, written) => {
      status(written ? 403 : 200)(await alice.request('POST', `/__tenants/${band}/transfer`, { json: { userId: bob.id } }));
      assert.equal((await bob.request('GET', `/__tenants/${band}`)).body.userId, bob.id);
    },
  },
  'member.remove': {
    deed: ({ alice, band }) => alice.request('DELETE', `/__tenants/${band}/members/bob`),
    again: async ({ alice, bob, band }, written) => {
      status(written ? 404 : 200)(await alice.request('DELETE', `/__tenants/${band}/members/bob`));
      assert.equal((await bob.request('GET', '/__users/_me')).body.active_tenant_id, bob.personalTenant);
    },
  },
  'tenant.delete': {
    deed: ({ alice, band }) => alice.request('DELETE', `/__tenants/${band}`),
    again: async ({ alice, bob, band }, written) => {
      status(written ? 404 : 200)(await alice.request('DELETE', `/__tenants/${band}`));
      assert.deepEqual((await bob.request('GET', '/__users/_me')).body.tenantIds, [bob.personalTenant]);
    },
  },
  'tenant.restore': {
    before: async ({ alice, band }) => status(200)(await alice.request('DELETE', `/__tenants/${band}`)),
    deed: ({ alice, band }) => alice.request('POST', `/__tenants/${band}/restore`),
    again: async ({ alice, bob, band }, written) => {
      status(written ? 400 : 200)(await alice.request('POST', `/__tenants/${band}/restore`));
      assert.ok((await bob.request('GET', '/__users/_me')).body.tenantIds.includes(band));
    },
  },
};

for (const [name, { before, deed, again }] of Object.entries(cases)) {
  for (const side of ['before', 'after']) {
    test(`killed ${side} the write of ${name}`, { timeout }, withServer(async (server) => {
      const people = await prepare(server);
      await before?.(people);
      await people.dave.token();
      await server.stop();
      await server.start({ MYCOUCH_FAULT_POINT: `${name}.${side}_write` });
      await assert.rejects(deed(people), 'the request is not answered');
      assert.equal(await server.ended(), 'SIGKILL');
      await consistent(server);
      await server.start();
      await again(people, side === 'after');
      await server.stop();
      await consistent(server);
    }));
  }
}
