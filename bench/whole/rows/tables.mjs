import { User } from '../../../tests/harness/users.mjs';
import { kilobyte } from '../documents.mjs';
import { connections, wrk } from '../load.mjs';

export const about = 'GET of a user and of the list of its three tenants, and GET of a document';

export async function run(bench) {
  const administrator = await bench.mycouch();
  const user = await new User(administrator.server, 'alice').signIn();
  const caller = administrator.as('a document', `Bearer ${await user.token()}`);
  for (const name of ['Band', 'Choir']) await caller.json('POST', '/__tenants', { name });
  await caller.json('PUT', '/roady/doc', kilobyte);

  const targets = ['/__users/_me', '/__tenants', '/roady/doc'];
  const [me, tenants, document] = await bench.inTurns(targets.map((target) => () => wrk(caller, target, bench)));
  const finding = (work, ours) => ({
    work: `${work}, ${connections} connections`, against: 'GET of a document', ours, theirs: document,
    unit: 'per second', more: true, goal: 0.8,
  });
  return [finding('GET /__users/_me', me), finding('GET /__tenants of 3 tenants', tenants)];
}
