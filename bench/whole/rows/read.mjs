import { fill } from '../documents.mjs';
import { medianSeconds } from '../statistics.mjs';

export const about = '_changes and _all_docs of a whole database';

const requests = 5;

export async function run(bench) {
  const databases = await bench.databases();
  for (const contender of databases) await fill(contender, contender.database, bench.documents);
  const findings = [];
  for (const target of ['_changes', '_all_docs?include_docs=true']) {
    findings.push(...(await bench.compare(databases,
      (contender) => medianSeconds(requests, () => contender.text('GET', `${contender.database}/${target}`)), {
        work: `${target} of ${bench.documents}`, unit: 'seconds', more: false, goals: { CouchDB: 20 },
      })));
  }
  return findings;
}
