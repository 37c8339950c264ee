import { User } from '../../../tests/harness/users.mjs';
import { connections, wrk } from '../load.mjs';

export const about = 'what a user of three tenants reads of the tables, among ever more tenants of others';

const targets = [
  ['GET /__tenants', () => '/__tenants'],
  ['an empty poll of /__tenants', ({ last }) => `/__tenants/_changes?since=${last}`],
  ['the whole _changes of /__tenants', () => '/__tenants/_changes?include_docs=true'],
];

export async function run(bench) {
  const alone = await member(bench, 0);
  const findings = [];
  for (const others of [bench.tenants / 10, bench.tenants * 10]) {
    const among = await member(bench, others);
    for (const [work, target] of targets) {
      const [ours, theirs] = await bench.inTurns([among, alone].map((side) => () => wrk(side.caller, target(side), bench)));
      findings.push({
        work: `${work} among ${others} tenants, ${connections} connections`, against: 'among 3',
        ours, theirs, unit: 'per second', more: true, goal: 0.95,
      });
    }
  }
  return findings;
}

// A user of three tenants, in a store with `others` more tenants and as many users.
async function member(bench, others) {
  const administrator = await bench.mycouch();
  const user = await new User(administrator.server, 'alice').signIn();
  const caller = administrator.as('', `Bearer ${await user.token()}`);
  await caller.json('POST', '/__tenants', { name: 'Band' });
  await addOthers(administrator, others);
  await caller.json('POST', '/__tenants', { name: 'Choir' });
  // A start moves what is still in memory into files, so that all stores read from where they would after a while.
  await administrator.server.stop();
  await administrator.server.start();
  const { last_seq: last, results } = await caller.json('GET', '/__tenants/_changes');
  if (results.length !== 3) throw new Error(`${results.length} tenants`);
  return { caller, last };
}

async function addOthers(administrator, count) {
  const together = 1000;
  for (let first = 0; first < count; first += together) {
    const docs = [];
    for (let i = first; i < Math.min(count, first + together); i += 1) docs.push(...userAndTenant(i));
    await administrator.json('POST', '/couch-sitter/_bulk_docs', { docs });
  }
}

function userAndTenant(i) {
  const time = '2025-01-01T00:00:00Z';
  const sub = `other${i}`;
  const user = `user_${sub}`;
  const tenant = `tenant_${sub}_personal`;
  return [
    {
      _id: tenant, type: 'tenant', name: `${sub}'s Workspace`, userId: user, userIds: [user],
      members: { [user]: { role: 'owner', joinedAt: time } }, applicationId: 'dev',
      metadata: { isPersonal: true, autoCreated: true }, createdAt: time, updatedAt: time,
    },
    {
      _id: user, type: 'user', sub, iss: 'http://localhost', email: `${sub}@example.com`, name: sub, personalTenantId: tenant,
      tenantIds: [tenant], tenants: [{ tenantId: tenant, role: 'owner', personal: true, joinedAt: time }],
      active_tenant_id: tenant, createdAt: time, updatedAt: time,
    },
  ];
}
