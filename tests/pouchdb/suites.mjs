// The command line of scripts/pouchdb-suites.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { withServer } from '../harness/server.mjs';
import { runningFunctions, storingFunctions } from './design_functions.mjs';
import { startProxy } from './tenant_proxy.mjs';

// Of the integration tests, those of a pairing of adapters are chosen by the names of their groups.
const suites = {
  http: {
    folders: ['tests/integration'],
    groups: 'js- ?http( |$)|test\\.http\\.js|test\\.prefix\\.js|js-down-test',
    // With http alone, plain names would be of the server too.
    environment: { ADAPTERS: 'leveldb,http' },
    before: ['tests/integration/test.setup_global_hooks.js'],
    seconds: 240,
  },
  replication: {
    folders: ['tests/integration'],
    groups: 'js- ?(local[-:]http|http[-:]local|http[-:]http)',
    environment: {},
    before: ['tests/integration/test.setup_global_hooks.js'],
    seconds: 600,
  },
  find: {
    folders: ['tests/find/test-issues', 'tests/find/test-suite-1', 'tests/find/test-suite-2'],
    groups: '',
    environment: { ADAPTERS: 'http', PLUGINS: 'pouchdb-find' },
    before: ['tests/find/test-suite-1/test.aaa-setup.js'],
    seconds: 240,
  },
};

// A slow test on a loaded machine is no failing one: PouchDB's own bound is 5 s.
const testSeconds = 20;

// Test.replication.js expects a server that always answers 500.
const downPort = 3010;

// The names that the suites give to databases.
const databases = 'test*,issue*,with*';

const { values, positionals: patterns } = parseArgs({
  allowPositionals: true,
  options: {
    pouchdb: { type: 'string', default: '../pouchdb' },
    as: { type: 'string', default: 'administrator,tenant' },
    suite: { type: 'string', default: Object.keys(suites).join(',') },
  },
});
const pouchdb = path.resolve(values.pouchdb);

const literally = (text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** Mocha's expression for the tests of the groups but for these. */
function selection(groups, titles) {
  if (titles.length === 0) return groups;
  return `^(?!.*(?:${titles.map(literally).join('|')})$).*(?:${groups})`;
}

async function filesOf(suite) {
  const files = [];
  for (const folder of suite.folders) {
    const names = (await readdir(path.join(pouchdb, folder))).filter((name) => /^test\..*\.js$/.test(name));
    files.push(...names.sort().map((name) => `${folder}/${name}`));
  }
  const wanted = files.filter((file) => !suite.before.includes(file));
  return patterns.length === 0 ? wanted : wanted.filter((file) => patterns.some((pattern) => file.includes(pattern)));
}

/** What mocha's JSON reporter says of one file, or why it says nothing. */
async function run(suite, file, side, folder) {
  const report = path.join(folder, 'report.json');
  await rm(report, { force: true });
  await mkdir(path.join(folder, 'tmp'), { recursive: true });
  const before = file.includes('/test-suite-2/') ? [] : suite.before;
  const child = spawn(
    process.execPath,
    [
      path.join(pouchdb, 'node_modules/mocha/bin/mocha.js'),
      ...['--exit', '--no-config', '--timeout', `${testSeconds * 1000}`, '--reporter', 'json', '--reporter-option', `output=${report}`],
      ...['--require', path.join(pouchdb, 'tests/integration/node.setup.js')],
      ...['--grep', selection(suite.groups, side.aside)],
      ...[...before, file].map((name) => path.join(pouchdb, name)),
    ],
    {
      cwd: folder,
      env: { ...process.env, ...suite.environment, COUCH_HOST: side.url },
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: suite.seconds * 1000,
      killSignal: 'SIGKILL',
    },
  );
  await once(child, 'close');
  return JSON.parse(await readFile(report, 'utf8').catch(() => 'null'));
}

/** `{passed, failed, aside, failures}`; a file whose run did not end counts as one failure. */
function score(report, aside) {
  if (!report) return { passed: 0, failed: 1, aside: 0, failures: [{ title: '(the run did not end)', message: '' }] };
  const { passes, failures } = report;
  return {
    passed: passes.length,
    failed: failures.length,
    aside: passes.filter(({ fullTitle }) => aside.some((title) => fullTitle.endsWith(title))).length,
    failures: failures.map(({ fullTitle, err }) => ({ title: fullTitle, message: (err.message ?? '').split('\n')[0] })),
  };
}

/** Calls `body` with one of the sides of the table: whom the suites ask, and which tests it is not asked. */
async function withSide(name, body) {
  if (name === 'administrator') {
    return withServer(async (server) => {
      const credentials = Buffer.from((await server.administrator()).slice('Basic '.length), 'base64');
      await body({ name, url: server.url.replace('://', `://${credentials}@`), aside: runningFunctions });
    })();
  }
  if (name === 'tenant') {
    const args = ['--application-databases', databases, '--application-tenant-field', ''];
    return withServer(async (server) => {
      const proxy = await startProxy({ server: server.url, administrator: await server.administrator() });
      await body({ name, url: proxy.url, aside: [...runningFunctions, ...storingFunctions] });
      proxy.close();
    }, { args })();
  }
  return body({ name: 'CouchDB', url: name, aside: [] });
}

async function withDownServer(body) {
  const down = http.createServer((_, response) => response.writeHead(500, { 'content-type': 'application/json' }).end('{}'));
  down.listen(downPort, '127.0.0.1');
  await once(down, 'listening');
  await body();
  down.closeAllConnections();
  down.close();
}

function cell({ passed, failed, aside }) {
  return `${passed}${failed ? ` / ${failed} failed` : ''}${aside ? ` (${aside} aside)` : ''}`;
}

function sum(scores) {
  const total = { passed: 0, failed: 0, aside: 0 };
  for (const score of scores) for (const key of Object.keys(total)) total[key] += score[key];
  return total;
}

/** One table of Markdown: a row for each file, a column for each side. */
function table(suite, sides) {
  const row = (cells) => `| ${cells.join(' | ')} |`;
  return [
    row([`\`${suite}\``, ...sides.map(({ name }) => name)]),
    row(['---', ...sides.map(() => '---')]),
    ...asked(sides[0].scores).map((file) => row([path.relative('tests', file), ...sides.map(({ scores }) => cell(scores.get(file)))])),
    row(['**all**', ...sides.map(({ scores }) => `**${cell(sum(scores.values()))}**`)]),
  ].join('\n');
}

/** Runs these files, telling how far it is: file → score. */
async function scoresOf(name, files, side, folder) {
  const scores = new Map();
  for (const file of files) {
    const result = score(await run(suites[name], file, side, folder), runningFunctions);
    scores.set(file, result);
    console.error(`${side.name} ${name} ${path.basename(file)}: ${cell(result)}`);
    for (const { title, message } of result.failures) console.error(`    ${title}\n        ${message}`);
  }
  return scores;
}

/** The files that a side was asked anything of: most of the integration tests are of other adapters. */
function asked(scores) {
  return [...scores.keys()].filter((file) => scores.get(file).passed + scores.get(file).failed > 0);
}

const results = Object.fromEntries(values.suite.split(',').map((name) => [name, []]));
await withDownServer(async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'mycouch-suites-'));
  for (const column of values.as.split(',')) {
    await withSide(column, async (side) => {
      for (const [name, sides] of Object.entries(results)) {
        const files = sides.length > 0 ? asked(sides[0].scores) : await filesOf(suites[name]);
        sides.push({ name: side.name, scores: await scoresOf(name, files, side, folder) });
      }
    });
  }
  await rm(folder, { recursive: true, force: true });
});
for (const [name, sides] of Object.entries(results)) console.log(`${table(name, sides)}\n`);
const failed = Object.values(results).flat().some(({ scores }) => sum(scores.values()).failed > 0);
process.exit(failed ? 1 : 0);
