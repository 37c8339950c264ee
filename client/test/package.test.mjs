// The package as an app gets it: packed, installed into an empty project, type-checked, used; and how large it is.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

import { withServer } from './device.mjs';

const run = promisify(execFile);
const client = fileURLToPath(new URL('..', import.meta.url));
const mostBytes = 10 * 1024;

/** Calls `body` with a folder in which nothing but the package, and what an app has beside it, is installed. */
async function withProject(body) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'mycouch-client-'));
  try {
    const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], { cwd: client });
    const [{ filename, files }] = JSON.parse(stdout);
    await writeFile(path.join(folder, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
    await run('npm', ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', `./${filename}`], { cwd: folder });
    assert.deepEqual((await readdir(path.join(folder, 'node_modules'))).filter((name) => !name.startsWith('.')), ['mycouch-client']);
    for (const name of ['pouchdb', 'pouchdb-adapter-memory', '@types', '@clerk']) {
      await symlink(path.join(client, 'node_modules', name), path.join(folder, 'node_modules', name));
    }
    await cp(path.join(client, 'test/project'), folder, { recursive: true });
    await body(folder, files.map((file) => file.path));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('packed, it holds what an app needs and nothing else; an app with Clerk type-checks', { timeout: 180_000 }, () => withProject(async (folder, files) => {
  assert.ok(files.includes('README.md') && files.includes('dist/index.js') && files.includes('dist/index.d.ts'));
  assert.deepEqual(files.filter((file) => !/^(dist\/\w+\.(js|d\.ts)|README\.md|package\.json|LICENSE)$/.test(file)), []);
  const tsc = path.join(client, 'node_modules/typescript/bin/tsc');
  const options = ['--noEmit', '--strict', '--target', 'ES2022', '--module', 'NodeNext', '--esModuleInterop', '--skipLibCheck'];
  await run(process.execPath, [tsc, ...options, 'app.ts'], { cwd: folder }).catch((error) => assert.fail(error.stdout));
}));

test('packed, it works in Node', { timeout: 120_000 }, withServer((server) => withProject(async (folder) => {
  const { stdout } = await run(process.execPath, ['use.mjs', server.url], { cwd: folder });
  assert.equal(stdout, 'done\n');
  const { body } = await server.asAdministrator('GET', '/__tenants/alice_personal/roady/song');
  assert.equal(body.title, 'So What');
})));

test('minified and compressed, it has less than 10 KB', async () => {
  const { outputFiles } = await build({
    entryPoints: [path.join(client, 'dist/index.js')], bundle: true, minify: true, format: 'esm', write: false, logLevel: 'error',
  });
  const bytes = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  assert.ok(bytes < mostBytes, `${bytes} bytes`);
});
