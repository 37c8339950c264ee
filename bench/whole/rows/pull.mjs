import { localDatabase } from '../../../tests/harness/pouch.mjs';
import { fill } from '../documents.mjs';

export const about = 'a pull by PouchDB: CPU time of the server';

function withCredentials({ url, database, authorization }) {
  const credentials = Buffer.from(authorization.slice('Basic '.length), 'base64').toString();
  const [user, password] = [credentials.slice(0, credentials.indexOf(':')), credentials.slice(credentials.indexOf(':') + 1)];
  return `${url.replace('://', `://${encodeURIComponent(user)}:${encodeURIComponent(password)}@`)}${database}`;
}

export async function run(bench) {
  const databases = await bench.databases();
  for (const contender of databases) await fill(contender, contender.database, bench.documents);
  const measure = async (contender) => {
    const local = localDatabase();
    const before = await contender.cpuSeconds();
    const { docs_written: written } = await local.replicate.from(withCredentials(contender));
    const spent = (await contender.cpuSeconds()) - before;
    await local.destroy();
    if (written !== bench.documents) throw new Error(`${contender.name}: ${written} documents came`);
    return spent;
  };
  return bench.compare(databases, measure, {
    work: `pull of ${bench.documents} by PouchDB, CPU`, unit: 'seconds', more: false, goals: { CouchDB: 10 },
  });
}
