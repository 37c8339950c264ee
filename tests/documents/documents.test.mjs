// The documents that describe the server agree with it, and with each other.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { isOfDatabase, named, servedRoutes, twinOf } from '../harness/routes.mjs';
import { root } from '../harness/server.mjs';
import { callers, matrix } from '../http/matrix.mjs';
import { generatedDocuments, openapi } from './generated.mjs';

const timeout = 60_000;
const linter = path.join(root, 'tests/node_modules/.bin/redocly');

function operationsOf(document) {
  return Object.entries(document.paths).flatMap(([pattern, item]) =>
    ['get', 'put', 'post', 'delete', 'x-copy'].filter((method) => item[method]).map((method) => ({ name: `${method.replace('x-', '').toUpperCase()} ${pattern}`, ...item[method] })));
}

// OpenAPI has no parameters of several segments.
function inOpenapi(route) {
  return named(route).replace('...}', '}');
}

/** The route that serves an operation: the two virtual tables are described with a slash at the end too. */
function routeOfOperation(name) {
  return name.replace(/^(GET \/__\w+)\/$/, '$1');
}

/** `{ "GET /…": the statuses of its rows, by caller }`, with the twins. */
function statusesByOperation() {
  const found = new Map();
  const add = (method, pattern, statuses) => {
    const name = inOpenapi({ method, path: pattern });
    found.set(name, [...(found.get(name) ?? []), statuses]);
  };
  for (const { method, pattern, slash, statuses, within } of matrix.flatMap(({ rows }) => rows)) {
    add(method, slash ? `${pattern}/` : pattern, statuses);
    if (isOfDatabase({ path: pattern })) add(method, twinOf(pattern), within);
  }
  return found;
}

function succeeds(status) {
  return status?.startsWith('2');
}

test('docs/openapi.yaml has no fault that the linter finds', { timeout }, async () => {
  const lint = spawn(process.execPath, [linter, 'lint', '--config', path.join(root, 'docs/redocly.yaml'), path.join(root, 'docs/openapi.yaml')], {
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1' },
  });
  let said = '';
  for (const stream of [lint.stdout, lint.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  const code = await new Promise((resolve) => lint.once('close', resolve));
  assert.equal(code, 0, said);
});

test('docs/openapi.yaml has every route that is served, and no other', async () => {
  const described = new Set(operationsOf(await openapi()).map(({ name }) => routeOfOperation(name)));
  const served = new Set(servedRoutes().map(inOpenapi));
  assert.deepEqual([...served].filter((name) => !described.has(name)), [], 'not described');
  assert.deepEqual([...described].filter((name) => !served.has(name)), [], 'not served');
});

// The matrix asks for whole contents.
const partial = '206';

test('docs/openapi.yaml has each status that the access matrix expects, and no other success', async () => {
  const expected = statusesByOperation();
  for (const { name, responses } of operationsOf(await openapi())) {
    const statuses = new Set((expected.get(name) ?? []).flat().filter((status) => status !== '-'));
    assert.deepEqual([...statuses].filter((status) => !responses[status]), [], `${name}: not described`);
    assert.deepEqual(Object.keys(responses).filter((status) => succeeds(status) && status !== partial && !statuses.has(status)), [], `${name}: expected of nobody`);
  }
});

test('docs/openapi.yaml asks for the credentials that the access matrix lets in', async () => {
  const document = await openapi();
  const expected = statusesByOperation();
  const administrator = callers.indexOf('administrator');
  for (const { name, security = document.security } of operationsOf(document)) {
    const rows = expected.get(name) ?? [];
    if (!rows.flat().some(succeeds)) continue;
    const schemes = security.map((scheme) => Object.keys(scheme)[0] ?? 'none');
    const lets = (from, to) => rows.some((statuses) => statuses.slice(from, to).some((status) => succeeds(status) || status === '412'));
    const open = rows.some(([nobody]) => succeeds(nobody));
    assert.equal(schemes.length === 0 || schemes.includes('none'), open, `${name}: without credentials`);
    if (schemes.length === 0) continue;
    assert.equal(schemes.includes('bearer'), lets(2, administrator), `${name}: users`);
    assert.equal(schemes.includes('basic'), lets(administrator), `${name}: the administrator`);
  }
});

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text) {
  return new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')));
}

test('each link between the documents leads to a file, and to a heading of it', async () => {
  const pages = ['README.md', 'CONTRIBUTING.md', ...(await readdir(path.join(root, 'docs'), { recursive: true })).map((name) => `docs/${name}`)];
  for (const page of pages.filter((name) => name.endsWith('.md'))) {
    const text = await readFile(path.join(root, page), 'utf8');
    for (const [, target] of text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [file, anchor] = target.split('#');
      const found = await readFile(path.join(root, file ? path.join(path.dirname(page), file) : page), 'utf8')
        .catch((error) => (error.code === 'EISDIR' ? '' : assert.fail(`${page}: ${target}: no such file`)));
      if (anchor) assert.ok(anchorsOf(found).has(anchor), `${page}: ${target}: no such heading`);
    }
  }
});

test('what is generated is up to date (scripts/update-documents)', async () => {
  for (const { name, text } of await generatedDocuments()) {
    const there = await readFile(path.join(root, name), 'utf8').catch(() => '');
    assert.ok(there === text, `${name} differs from what its source makes`);
  }
});
