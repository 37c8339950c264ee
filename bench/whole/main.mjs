// The measurements of the whole server: runs the rows that are asked for, and prints what they found as a table.
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { parseArgs } from 'node:util';

import { Bench } from './bench.mjs';
import { printTable } from './table.mjs';

const rowNames = ['get', 'token', 'put', 'bulk', 'read', 'pull', 'tenants', 'feeds', 'tables', 'crowd'];

const { values: options } = parseArgs({
  options: {
    help: { type: 'boolean' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: rowNames.join(',') },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    tenants: { type: 'string' },
    feeds: { type: 'string' },
  },
});

const wanted = options.only.split(',');
const unknown = wanted.filter((name) => !rowNames.includes(name));
if (unknown.length > 0) throw new Error(`no such row: ${unknown.join(', ')}; there are ${rowNames.join(', ')}`);
const rows = await Promise.all(wanted.map((name) => import(`./rows/${name}.mjs`).then((row) => ({ name, ...row }))));

if (options.help) {
  console.log(`bench/run [options]

  --only ROW,...  of these rows:
${rows.map(({ name, about }) => `                    ${name.padEnd(8)} ${about}`).join('\n')}
  --quick         small sizes and one round: whether it works, not how fast
  --rounds N      how often the contenders take turns (3)
  --seconds N     of load in a turn (5)
  --tenants N     beside the one that is pulled (10000); of a crowd, a tenth and ten times as many
  --feeds N       that wait (1000)`);
  process.exit();
}

const number = (text, usual, quick) => (text === undefined ? (options.quick ? quick : usual) : Number(text));
const bench = new Bench({
  rounds: number(options.rounds, 3, 1),
  seconds: number(options.seconds, 5, 1),
  documents: number(undefined, 10_000, 500),
  tenants: number(options.tenants, 10_000, 50),
  feeds: number(options.feeds, 1_000, 200),
  couchdb: process.env.MYCOUCH_TEST_COUCHDB_URL,
});

const load = async () => (await readFile('/proc/loadavg', 'utf8')).split(' ')[0];
console.log(`${os.cpus().length} × ${os.cpus()[0].model}, load before ${await load()}, rounds ${bench.rounds}`);
if (!bench.couchdbUrl) console.log('MYCOUCH_TEST_COUCHDB_URL is not set: no comparison with CouchDB');
const findings = [];
for (const { name, about, run } of rows) {
  console.log(`${name}: ${about}`);
  findings.push(...(await bench.withinRow(run)));
}
printTable(findings);
