// The examples of docs/http-api.md, run in their order against a development server: each request must be answered as
// the page says, and each route that is served must have an example.
//
// The page's `sh` blocks become one bash script in which every line keeps its number, so that a request is known by the
// line that it stands on. `curl` is a function there that notes what was asked and answered.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { isTwin, named, routeOf, servedRoutes } from '../harness/routes.mjs';
import { binary, root, withServer } from '../harness/server.mjs';

const timeout = 120_000;

const prelude = `
set -uE -o pipefail
trap 'echo "$LINENO" >>failures' ERR
curl() {
  printf '%s ' "\${BASH_LINENO[0]}" >>exchanges
  command curl --silent --show-error --max-time 20 --write-out '%{stderr}%{http_code} %{method} %{url_effective}\\n' "$@" 2>>exchanges
}
`;

/** The page with everything but its `sh` blocks blanked out. */
function scriptOf(page) {
  let language;
  return page.split('\n').map((line) => {
    const fence = /^```(\w*)$/.exec(line.trim());
    if (!fence) return language === 'sh' ? line : '';
    language = language === undefined ? fence[1] : undefined;
    return '';
  });
}

/** What the command on a line says about its answer: a status in a comment, at the end of its last line. */
function expectedStatus(lines, number) {
  let last = number - 1;
  while (lines[last].endsWith('\\')) last += 1;
  return Number(/# (\d{3})\b/.exec(lines[last])?.[1] ?? 0);
}

function run(folder) {
  return new Promise((resolve, reject) => {
    const shell = spawn('bash', ['examples.sh'], {
      cwd: folder,
      env: { ...process.env, BASH_ENV: path.join(folder, 'prelude.sh') },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    shell.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
    shell.once('error', reject).once('close', (code) => resolve({ code, errors }));
  });
}

async function linesOf(folder, name) {
  const text = await readFile(path.join(folder, name), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean);
}

function exchangeOf(line) {
  const [, number, status, method, url] = /^(\d+) (?:curl: .*)?(\d{3}) (\S+) (\S+)$/.exec(line) ?? assert.fail(`no exchange: ${line}`);
  return { number: Number(number), status: Number(status), method, target: new URL(url).pathname };
}

test('each example is answered as the page says, and each route has one', { timeout }, withServer(async (server, t) => {
  const page = await readFile(path.join(root, 'docs/http-api.md'), 'utf8');
  const lines = scriptOf(page).map((line) => line.replace(/^server=.*/, `server=${server.url}`).replace(/^mycouch=.*/, `mycouch=${binary}`));
  await writeFile(path.join(server.folder, 'prelude.sh'), prelude);
  await writeFile(path.join(server.folder, 'examples.sh'), lines.join('\n'));
  const { errors } = await run(server.folder);
  const exchanges = (await linesOf(server.folder, 'exchanges')).map(exchangeOf);

  await t.test('every command succeeds', async () => {
    const failed = (await linesOf(server.folder, 'failures')).map((number) => `${number}: ${lines[number - 1]}`);
    assert.deepEqual(failed, [], errors);
    assert.equal(errors, '');
  });

  await t.test('every answer has the status that its line says', () => {
    const others = exchanges.filter(({ number, status }) => {
      const expected = expectedStatus(lines, number);
      return expected ? status !== expected : status < 200 || status >= 300;
    });
    assert.deepEqual(others.map(({ number, status }) => `${status} on line ${number}: ${lines[number - 1].trim()}`), []);
  });

  await t.test('every route has an example', () => {
    const routes = servedRoutes();
    const shown = new Set(exchanges.map(({ method, target }) => routeOf(routes, method, target)).filter(Boolean).map(named));
    const missing = routes.filter((route) => !isTwin(route) && !shown.has(named(route)));
    assert.deepEqual(missing.map(named), []);
  });
}));
