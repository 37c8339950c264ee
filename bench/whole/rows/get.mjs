import { kilobyte } from '../documents.mjs';
import { connections, wrk } from '../load.mjs';

export const about = 'GET of one document';

export async function run(bench) {
  const databases = await bench.databases();
  for (const contender of databases) await contender.json('PUT', `${contender.database}/doc`, kilobyte);
  const [ours] = databases;
  const bytes = (await ours.text('GET', `${ours.database}/doc`)).length;
  const contenders = [ours, await bench.bareBeast(bytes), ...databases.slice(1)];
  return bench.compare(contenders, (contender) => wrk(contender, `${contender.database}/doc`, bench), {
    work: `GET a document of ${bytes} bytes, ${connections} connections`,
    unit: 'per second',
    more: true,
    goals: { CouchDB: 20, 'bare Beast': 0.8 },
  });
}
