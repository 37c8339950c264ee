// The device's own limits: a disk that is full, and two tabs of which one signs out.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';

import { documentsOf, withBrowser } from '../harness/browser.mjs';
import { eventually } from '../harness/wait.mjs';
import { User } from '../harness/users.mjs';

const timeout = 400_000;

// What no storage can compress.
const noise = () => randomBytes(75_000).toString('base64');

async function userOf(server, phone) {
  const sub = await phone.page.evaluate(() => JSON.parse(atob(JSON.parse(localStorage.getItem('roady:me:session')).token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'))).sub);
  return new User(server, sub).signIn();
}

test('a disk that is full is shown, takes nothing away, and started again with room the app goes on', { timeout }, withBrowser(async (server, browser) => {
  const alice = await (await browser.phone('Alice')).open();
  // Before the first database is opened: for half a minute, Chromium goes by what room there was.
  const devtools = await alice.context.newCDPSession(alice.page);
  await devtools.send('Storage.overrideQuotaForOrigin', { origin: server.url, quotaSize: 3_000_000 });
  await alice.fillSignIn();
  await alice.ready();
  await alice.addGear('Drums');
  await alice.syncIs('uptodate');
  const tenant = await alice.tenant();
  const user = await userOf(server, alice);
  const docs = Array.from({ length: 40 }, (_, index) => ({ _id: `equipment_case_${index}`, type: 'equipment', name: `Case ${index}`, quantity: 1, category: '', notes: noise() }));
  assert.equal((await user.request('POST', `/__tenants/${tenant}/roady/_bulk_docs`, { json: { docs } })).status, 201);
  await alice.syncIs('error');
  await alice.page.getByRole('button', { name: 'Drums' }).waitFor();

  await devtools.send('Storage.overrideQuotaForOrigin', { origin: server.url });
  await alice.page.reload();
  await alice.page.getByRole('button', { name: 'Case 39' }).waitFor();
}));

test('signing out in one tab ends the other, and nothing is left on the device', { timeout }, withBrowser(async (server, browser) => {
  const alice = await (await browser.phone('Alice')).signIn();
  await alice.addGear('Drums');
  const tenant = await alice.tenant();
  await eventually('it is on the server', async () => (await documentsOf(server, tenant, 'equipment')).length === 1);
  const other = await alice.newPage();
  await other.goto(`${server.url}/demo/#/${tenant}/gear`);
  await other.getByRole('button', { name: 'Drums' }).waitFor();

  await alice.goTo('Band');
  await alice.page.getByRole('button', { name: 'Sign out and remove the data from this device' }).click();
  for (const page of [alice.page, other]) await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await eventually('the band’s data are gone', async () => !JSON.stringify(await alice.stored()).includes('Drums'));
}));
