// The audit trail: what is recorded, how it is read, and who cannot reach it.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { withServer } from '../harness/server.mjs';
import { User, invite } from '../harness/users.mjs';
import { eventually } from '../harness/wait.mjs';

const timeout = 60_000;

async function records(server, query = '') {
  const { status, body } = await server.asAdministrator('GET', `/__audit${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body.records;
}

async function newTenant(user, name = 'Band') {
  const { status, body } = await user.request('POST', '/__tenants', { json: { name } });
  assert.equal(status, 201, JSON.stringify(body));
  return body._id;
}

test('a change leaves a record of who did what, when, from where and by which request', { timeout }, withServer(async (server) => {
  const alice = await new User(server, 'alice').signIn();
  const tenant = await newTenant(alice);
  const before = Date.now();
  const renamed = await alice.request('PUT', `/__tenants/${tenant}`, { json: { name: 'Another' } });
  assert.equal(renamed.status, 200, JSON.stringify(renamed.body));
  const after = Date.now();

  const [record, ...more] = await records(server, `?tenant=${tenant}&action=tenant.update`);
  assert.equal(more.length, 0);
  const { id, time, ...rest } = record;
  assert.ok(id.startsWith(`${time}-`), id);
  assert.ok(before <= Date.parse(time) && Date.parse(time) <= after, time);
  assert.deepEqual(rest, {
    action: 'tenant.update', actor: 'user_alice', tenant, outcome: 'ok',
    request: renamed.headers.get('x-couch-request-id'), address: '127.0.0.1',
  });
}));

test('what was refused is recorded too', { timeout }, withServer(async (server) => {
  const alice = await new User(server, 'alice').signIn();
  const bob = await new User(server, 'bob').signIn();
  const tenant = await newTenant(alice);
  const refused = await bob.request('PUT', `/__tenants/${tenant}`, { json: { name: 'Mine' } });
  assert.equal(refused.status, 403);
  const [record] = await records(server, `?user=user_bob&tenant=${tenant}`);
  assert.equal(record.action, 'tenant.update');
  assert.equal(record.outcome, 'forbidden');
  assert.equal(record.request, refused.headers.get('x-couch-request-id'));
}));

test('every kind of change is recorded, by ids alone', { timeout }, withServer(async (server) => {
  const alice = await new User(server, 'alice').signIn();
  const bob = await new User(server, 'bob').signIn();
  const tenant = await newTenant(alice, 'Secret Machines');
  const made = await alice.request('POST', `/__tenants/${tenant}/invitations`, { json: { role: 'member', email: 'bob@example.com' } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  await alice.request('DELETE', `/__tenants/${tenant}/invitations/${made.body.id}`);
  await invite(alice, bob, tenant);
  await alice.request('PUT', `/__tenants/${tenant}/members/bob`, { json: { role: 'admin' } });
  await bob.request('PUT', '/__users/_me', { json: { active_tenant_id: tenant, name: 'Robert Secret' } });
  await alice.request('POST', `/__tenants/${tenant}/transfer`, { json: { userId: 'user_bob' } });
  await bob.request('POST', `/__tenants/${tenant}/transfer`, { json: { userId: 'user_alice' } });
  await alice.request('DELETE', `/__tenants/${tenant}/members/bob`);
  await alice.request('DELETE', `/__tenants/${tenant}`);
  await alice.request('POST', `/__tenants/${tenant}/restore`);
  await server.asAdministrator('DELETE', '/__users/bob');

  const all = await records(server, '?limit=1000');
  const done = new Set(all.filter(({ outcome }) => outcome === 'ok').map(({ action }) => action));
  for (const action of ['bootstrap', 'tenant.create', 'invitation.create', 'invitation.revoke', 'invitation.accept',
    'member.role', 'user.update', 'tenant.transfer', 'member.remove', 'tenant.delete', 'tenant.restore', 'user.delete']) {
    assert.ok(done.has(action), `${action} is not among ${[...done]}`);
  }
  assert.equal(all.find(({ action }) => action === 'user.delete').actor, 'admin:admin');
  const text = JSON.stringify(all);
  for (const secret of [made.body.token, 'example.com', 'Secret', 'Robert', await alice.token()]) {
    assert.ok(!text.includes(secret), `${secret} is in ${text}`);
  }
}));

test('records are found by time, user and tenant, page after page', { timeout }, withServer(async (server) => {
  const alice = await new User(server, 'alice').signIn();
  const bob = await new User(server, 'bob').signIn();
  const [band, club] = [await newTenant(alice), await newTenant(bob)];
  for (let i = 0; i < 5; i += 1) {
    await alice.request('PUT', `/__tenants/${band}`, { json: { name: `Band ${i}` } });
    await bob.request('PUT', `/__tenants/${club}`, { json: { name: `Club ${i}` } });
  }
  const all = await records(server);
  assert.deepEqual(all, [...all].sort((a, b) => (a.id < b.id ? -1 : 1)));
  assert.deepEqual(await records(server, '?descending=true'), [...all].reverse());
  assert.deepEqual(await records(server, '?user=user_alice'), all.filter(({ actor }) => actor === 'user_alice'));
  assert.deepEqual(await records(server, `?tenant=${club}`), all.filter(({ tenant }) => tenant === club));
  assert.deepEqual(await records(server, `?tenant=${club}&user=user_alice`), []);

  const [from, to] = [all[3].time, all[9].time];
  const between = all.filter(({ time }) => from <= time && time < to);
  assert.ok(between.length > 0);
  assert.deepEqual(await records(server, `?from=${from}&to=${to}`), between);
  assert.deepEqual(await records(server, `?from=${from}&to=${to}&user=user_bob`), between.filter(({ actor }) => actor === 'user_bob'));

  for (const query of ['limit=4', 'limit=4&user=user_bob', `limit=4&tenant=${band}&descending=true`]) {
    const whole = await records(server, `?${query.replace('limit=4', 'limit=1000')}`);
    const paged = [];
    for (let next = ''; next !== undefined;) {
      const { body } = await server.asAdministrator('GET', `/__audit?${query}${next && `&after=${encodeURIComponent(next)}`}`);
      assert.ok(body.records.length <= 4);
      paged.push(...body.records);
      next = body.next;
    }
    assert.deepEqual(paged, whole);
  }
}));

test('options that cannot be used are refused', { timeout }, withServer(async (server) => {
  for (const query of ['from=yesterday', 'to=2025-12-10', 'limit=0', 'limit=1001', 'limit=x', 'descending=maybe', 'user=alice',
    'tenant=band', 'after=nowhere', 'usr=user_alice']) {
    const { status, body } = await server.asAdministrator('GET', `/__audit?${query}`);
    assert.deepEqual([status, body.error], [400, 'query_parse_error'], query);
  }
}));

test('only the administrator reads the trail, and nobody changes it', { timeout }, withServer(async (server) => {
  const alice = await new User(server, 'alice').signIn();
  assert.equal((await server.request('GET', '/__audit')).status, 401);
  assert.equal((await alice.request('GET', '/__audit')).status, 403);
  const before = await records(server);
  for (const method of ['PUT', 'POST', 'DELETE']) {
    for (const target of ['/__audit', `/__audit/${encodeURIComponent(before[0].id)}`]) {
      const { status } = await server.asAdministrator(method, target, { json: {} });
      assert.ok(status >= 400 && status < 500, `${method} ${target}: ${status}`);
    }
  }
  assert.deepEqual((await server.asAdministrator('GET', '/_all_dbs')).body.filter((name) => name.includes('audit')), []);
  assert.deepEqual(await records(server), before);
}));

test('records go when they are older than they are kept', { timeout }, withServer(async (server) => {
  const alice = await new User(server, 'alice').signIn();
  const [first] = await records(server);
  await eventually('the first record is gone', async () => {
    const kept = await records(server);
    return kept.every(({ id }) => id !== first.id);
  });
  await alice.request('PUT', '/__users/_me', { json: { name: 'Alice' } });
  assert.deepEqual((await records(server, '?user=user_alice')).map(({ action }) => action), ['user.update']);
}, { args: ['--audit-retention', '2s'] }));

test('records outlast the server', { timeout }, withServer(async (server) => {
  await new User(server, 'alice').signIn();
  const before = await records(server);
  await server.kill();
  await server.start();
  assert.deepEqual(await records(server), before);
}));
