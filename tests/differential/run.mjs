// The command line of scripts/differential.
import { parseArgs } from 'node:util';

import { withServer } from '../harness/server.mjs';
import { compare } from './compare.mjs';
import { couchdb } from './couchdb.mjs';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    requests: { type: 'string', default: '50000' },
    episode: { type: 'string' },
    differences: { type: 'string', default: '20' },
  },
});

const couch = couchdb();
if (!couch) {
  console.error('MYCOUCH_TEST_COUCHDB_URL names no CouchDB, as http://admin:password@127.0.0.1:5984');
  process.exit(2);
}

let failed = false;
await withServer(async (server) => {
  const started = performance.now();
  const result = await compare({
    couch,
    ours: { url: server.url, authorization: await server.administrator() },
    seed: Number(values.seed),
    requests: Number(values.requests),
    only: values.episode === undefined ? undefined : Number(values.episode),
    mostDifferences: Number(values.differences),
  });
  for (const difference of result.differences) console.log(JSON.stringify(difference, null, 1).replace(/\n\s*/g, ' ').replace(/ "(couch|ours|request)":/g, '\n  $1:'));
  for (const [reason, count] of Object.entries(result.intended)) console.log(`${String(count).padStart(6)} as intended: ${reason}`);
  console.log(`${result.requests} requests, seed ${values.seed}, ${result.differences.length} differences, ${Math.round((performance.now() - started) / 1000)} s`);
  failed = result.differences.length > 0;
})();
process.exit(failed ? 1 : 0);
