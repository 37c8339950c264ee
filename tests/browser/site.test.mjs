// What the development server serves to browsers beside the API: the first page, and the demo app's files.
import assert from 'node:assert/strict';
import test from 'node:test';

import { withBrowser } from '../harness/browser.mjs';
import { Connection } from '../harness/connection.mjs';
import { withServer } from '../harness/server.mjs';

const timeout = 300_000;

async function get(server, target, headers = {}) {
  return server.request('GET', target, { headers });
}

test('a browser gets the first page at /, and CouchDB’s clients get its welcome', { timeout }, withServer(async (server) => {
  const page = await get(server, '/', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type'), /^text\/html/);
  assert.match(page.headers.get('vary'), /Accept/);
  for (const accept of ['*/*', 'application/json']) {
    const { body } = await get(server, '/', { accept });
    assert.equal(body.couchdb, 'Welcome', accept);
  }
}));

test('the app’s files have their types, may be kept, and are not sent twice', { timeout }, withServer(async (server) => {
  const page = await get(server, '/demo/');
  assert.equal(page.headers.get('cache-control'), 'no-cache');
  assert.match(page.headers.get('content-security-policy'), /default-src 'none'; script-src 'self'/);
  assert.doesNotMatch(page.headers.get('content-security-policy'), /unsafe/);
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  const [, script] = /src="(\/demo\/assets\/[^"]+\.js)"/.exec(page.body);
  const [, style] = /href="(\/demo\/assets\/[^"]+\.css)"/.exec(page.body);
  const types = {
    [script]: /^text\/javascript/,
    [style]: /^text\/css/,
    '/demo/manifest.webmanifest': /^application\/manifest\+json/,
    '/demo/service-worker.js': /^text\/javascript/,
    '/demo/icons/icon-192.png': /^image\/png/,
    '/demo/icons/icon.svg': /^image\/svg\+xml/,
  };
  for (const [target, type] of Object.entries(types)) {
    const answer = await get(server, target);
    assert.equal(answer.status, 200, target);
    assert.match(answer.headers.get('content-type'), type, target);
    const again = await get(server, target, { 'if-none-match': answer.headers.get('etag') });
    assert.equal(again.status, 304, target);
    assert.equal(again.body, '', target);
    const kept = target.startsWith('/demo/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
    assert.equal(answer.headers.get('cache-control'), kept, target);
  }
  const head = await server.request('HEAD', script);
  assert.equal(head.status, 200);
  assert.equal(head.body, '');
  assert.equal((await get(server, script, { 'if-none-match': '"another"' })).status, 200);
}));

test('nothing but the app’s files is under /demo/', { timeout }, withServer(async (server) => {
  for (const target of ['/demo/none.js', '/demo/assets/', '/demo/assets', '/demo//', '/demo/index.html/']) {
    assert.equal((await get(server, target)).status, 404, target);
  }
  // As no client library sends them: it would resolve the dots.
  for (const target of ['/demo/../data/admin.password', '/demo/%2e%2e/data/admin.password', '/demo/..%2fdata%2fadmin.password', '/demo/assets/../index.html']) {
    const connection = await Connection.open(server);
    await connection.send(`GET ${target} HTTP/1.1\r\nHost: ${server.url.slice(7)}\r\nAccept: application/json\r\n\r\n`);
    assert.equal((await connection.answer()).status, 404, target);
    connection.end();
  }
  assert.equal((await server.request('PUT', '/demo/index.html', { json: {} })).status, 401);
}));

test('the first page shows two phones that sync, and takes one offline', { timeout }, withBrowser(async (server, browser) => {
  const visitor = await browser.phone('Visitor', { viewport: { width: 1360, height: 1000 } });
  const page = await visitor.newPage();
  await page.goto(`${server.url}/`);
  const phone = (name) => page.frameLocator(`iframe[title="Roady on ${name}’s phone"]`);
  const button = (name) => page.locator('.phone', { hasText: `${name}’s phone` }).getByRole('button');
  const ticked = (name, item) => phone(name).locator('.ticked', { hasText: item });
  for (const name of ['Alice', 'Bob']) await phone(name).locator('.chip.uptodate').waitFor();

  await phone('Alice').getByRole('checkbox', { name: 'Kick drum' }).check();
  await ticked('Bob', 'Kick drum').waitFor();
  await page.locator('#feed li', { hasText: 'out 1/10' }).first().waitFor();

  await button('Bob').click();
  await phone('Bob').locator('.chip.offline').waitFor();
  await phone('Bob').getByRole('checkbox', { name: 'Snare' }).check();
  await phone('Alice').getByRole('checkbox', { name: 'Keyboard' }).check();
  await page.locator('#feed li', { hasText: 'out 2/10' }).first().waitFor();
  assert.equal(await ticked('Bob', 'Keyboard').count(), 0);

  await button('Bob').click();
  await ticked('Bob', 'Keyboard').waitFor();
  await ticked('Alice', 'Snare').waitFor();
  await page.locator('#feed li', { hasText: 'out 3/10' }).first().waitFor();

  // It is found again, as it was left.
  await page.reload();
  await ticked('Alice', 'Snare').waitFor();
}));

test('both phones of the first page start together, on every new device', { timeout }, withBrowser(async (server, browser) => {
  for (let device = 0; device < 6; device += 1) {
    const visitor = await browser.phone(`Visitor ${device}`);
    const page = await visitor.newPage();
    await page.goto(`${server.url}/`);
    for (const frame of ['Alice', 'Bob']) await page.frameLocator(`iframe[title="Roady on ${frame}’s phone"]`).locator('.chip.uptodate').waitFor();
    await visitor.context.close();
  }
}));
