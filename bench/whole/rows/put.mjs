import { randomUUID } from 'node:crypto';
import path from 'node:path';

import { kilobyte } from '../documents.mjs';
import { connections, dbBench, wrk } from '../load.mjs';

export const about = 'PUT of new documents, one at a time on each connection, each on disk before its answer';

export async function run(bench) {
  const databases = await bench.databases();
  const rocksdb = { name: 'db_bench', directory: path.join(await bench.folder(), 'db_bench') };
  const body = JSON.stringify(kilobyte);
  const measure = (contender) =>
    contender.directory
      ? dbBench(contender.directory, body.length, bench.seconds)
      : wrk(contender, contender.database, { ...bench, script: 'put.lua', args: [randomUUID(), body] });
  return bench.compare([databases[0], rocksdb, ...databases.slice(1)], measure, {
    work: `PUT of 1 KB, ${connections} in flight, durable`,
    unit: 'per second',
    more: true,
    goals: { CouchDB: 10, db_bench: 0.7 },
  });
}
