import { User } from '../../../tests/harness/users.mjs';
import { kilobyte } from '../documents.mjs';
import { wrk } from '../load.mjs';

export const about = 'what a warm token costs';

// `/_session` serves callers with and without a token by the same code. A document is served to none without credentials;
// its other side is the administrator in a plain database, whose password costs little: what is left is the token and the
// look at the membership.
export async function run(bench) {
  const administrator = await bench.mycouchDatabase();
  const user = await new User(administrator.server, 'alice').signIn();
  const member = administrator.as('mycouch', `Bearer ${await user.token()}`);
  member.database = '/roady';
  for (const caller of [member, administrator]) await caller.json('PUT', `${caller.database}/doc`, kilobyte);

  const nobody = administrator.as('no token');
  const session = await bench.compare([member, nobody], (caller) => wrk(caller, '/_session', bench), {
    work: 'GET /_session with a warm token', unit: 'per second', more: true, goals: { 'no token': 0.95 },
  });
  const plain = administrator.as('plain database', administrator.authorization);
  const document = await bench.compare([member, plain], (caller) => wrk(caller, `${caller.database}/doc`, bench), {
    work: 'GET a document as a member', unit: 'per second', more: true, goals: { 'plain database': 0.95 },
  });
  return [...session, ...document];
}
