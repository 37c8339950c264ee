// Roady, at /demo/, and the development server's first page, /, which shows two of it.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vite';

const here = fileURLToPath(new URL('.', import.meta.url));

/** Adds service-worker.js, which knows every file of the app and a digest of them all. */
function serviceWorker() {
  return {
    name: 'service-worker',
    apply: 'build',
    enforce: 'post',
    generateBundle(_, bundle) {
      const publicFiles = readdirSync(path.join(here, 'public'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(path.join(here, 'public'), path.join(entry.parentPath ?? entry.path, entry.name)));
      const ofTheApp = Object.keys(bundle).filter((name) => !name.startsWith('welcome') && !name.includes('/welcome'));
      const digest = createHash('sha256');
      for (const name of ofTheApp.sort()) {
        const output = bundle[name];
        digest.update(name).update(output?.type === 'chunk' ? output.code : (output?.source ?? ''));
      }
      for (const name of publicFiles.sort()) digest.update(name).update(readFileSync(path.join(here, 'public', name)));
      // The page is kept as the folder's own address, under which it is opened.
      const files = ['', ...ofTheApp.filter((name) => name !== 'index.html'), ...publicFiles];
      const source = readFileSync(path.join(here, 'service_worker.js'), 'utf8')
        .replace('__VERSION__', digest.digest('hex').slice(0, 16))
        .replace('__FILES__', JSON.stringify(files));
      this.emitFile({ type: 'asset', fileName: 'service-worker.js', source });
    },
  };
}

const server = process.env.MYCOUCH_URL ?? 'http://127.0.0.1:5985';

export default defineConfig({
  base: '/demo/',
  resolve: { alias: { 'mycouch-client': path.join(here, '../client/src/index.ts') } },
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    target: 'es2022',
    outDir: process.env.ROADY_OUT ?? 'dist',
    emptyOutDir: true,
    // No inlined data: the page's policy lets only the server's own files in.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { roady: path.join(here, 'index.html'), welcome: path.join(here, 'welcome.html') } },
  },
  plugins: [serviceWorker()],
  // `npm run dev` shows the sources; the data come from a development server that runs beside it.
  server: {
    fs: { allow: ['..'] },
    proxy: Object.fromEntries(['/_dev', '/__', '/roady'].map((start) => [start, server])),
  },
});
