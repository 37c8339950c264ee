import { User } from '../../../tests/harness/users.mjs';
import { bulk, fill, inParallel } from '../documents.mjs';
import { medianSeconds } from '../statistics.mjs';

export const about = 'a pull of one tenant among many, and of the same tenant alone';

const ownDocuments = 1000;
const documentsOfOthers = 10;
const pulls = 9;

export async function run(bench) {
  const among = await member(await bench.mycouch(), bench.tenants);
  const alone = await member(await bench.mycouch(), 0);
  among.name = 'mycouch';
  alone.name = 'the tenant alone';
  return bench.compare([among, alone], (caller) => medianSeconds(pulls, () => pull(caller)), {
    work: `pull of one tenant among ${bench.tenants}`, unit: 'seconds', more: false, goals: { 'the tenant alone': 1 },
  });
}

// A member of a tenant with documents, in a store with `others` more tenants.
async function member(administrator, others) {
  const user = await new User(administrator.server, 'alice').signIn();
  const caller = administrator.as('', `Bearer ${await user.token()}`);
  // Half before the others and half after them, so that its rows lie apart.
  await fill(caller, '/roady', ownDocuments / 2);
  await addTenants(administrator, others);
  await fill(caller, '/roady', ownDocuments / 2);
  // A start moves what is still in memory into files, so that both stores read from where they would after a while.
  await administrator.server.stop();
  await administrator.server.start();
  return caller;
}

async function addTenants(administrator, count) {
  const ids = Array.from({ length: count }, (_, i) => `tenant_t${i}`);
  for (let i = 0; i < count; i += 1000) {
    await administrator.json('POST', '/couch-sitter/_bulk_docs', { docs: ids.slice(i, i + 1000).map(tenantDocument) });
  }
  await inParallel(count, (i) => administrator.text('POST', `/__tenants/${ids[i]}/roady/_bulk_docs`, bulk(documentsOfOthers)));
}

function tenantDocument(_id) {
  const userId = _id.replace('tenant', 'user');
  const time = '2025-01-01T00:00:00Z';
  return {
    _id, type: 'tenant', name: _id, userId, userIds: [userId], members: { [userId]: { role: 'owner', joinedAt: time } },
    applicationId: 'roady', metadata: {}, createdAt: time, updatedAt: time,
  };
}

// As PouchDB pulls, but for its checkpoints.
async function pull(caller) {
  for (let since = 0, got = 0; ; ) {
    const { results, last_seq: last } = await caller.json('GET', `/roady/_changes?style=all_docs&since=${since}&limit=100`);
    if (results.length === 0) {
      if (got !== ownDocuments) throw new Error(`${got} documents came`);
      return;
    }
    const docs = results.map(({ id, changes }) => ({ id, rev: changes[0].rev }));
    await caller.text('POST', '/roady/_bulk_get?revs=true&latest=true', JSON.stringify({ docs }));
    got += docs.length;
    since = last;
  }
}
