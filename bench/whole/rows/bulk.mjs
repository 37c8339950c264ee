import { bulk } from '../documents.mjs';
import { medianSeconds } from '../statistics.mjs';

export const about = '_bulk_docs of a thousand new documents';

const requests = 9;

export async function run(bench) {
  const measure = async (contender) => {
    const bodies = Array.from({ length: requests }, () => bulk(1000));
    return medianSeconds(requests, () => contender.text('POST', `${contender.database}/_bulk_docs`, bodies.pop()));
  };
  return bench.compare(await bench.databases(), measure, {
    work: '_bulk_docs, 1,000 × 1 KB, durable', unit: 'seconds', more: false, goals: { CouchDB: 10 },
  });
}
