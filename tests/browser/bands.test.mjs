// Several bands on one device, and a band that one is removed from.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';

import { bandName, bandOfTwo, documentsOf, withBrowser } from '../harness/browser.mjs';
import { eventually } from '../harness/wait.mjs';
import { User } from '../harness/users.mjs';

const timeout = 400_000;

async function addBand(phone, name) {
  await phone.goTo('Band');
  await phone.page.getByLabel('A new band').fill(name);
  await phone.page.getByRole('button', { name: 'Add', exact: true }).click();
  await phone.page.getByRole('heading', { level: 1, name: 'Gigs' }).waitFor();
  await eventually('the new band is open', async () => (await bandName(phone)) === name);
  return phone.tenant();
}

async function fill(user, tenant, word, count) {
  const docs = Array.from({ length: count }, (_, index) => ({
    _id: `equipment_${word}_${String(index).padStart(4, '0')}`,
    type: 'equipment',
    name: `${word} ${index}`,
    quantity: 1,
    category: '',
    notes: word,
  }));
  const { status } = await user.request('POST', `/__tenants/${tenant}/roady/_bulk_docs`, { json: { docs } });
  assert.equal(status, 201);
}

// The client library's name of a tenant's database writes `-` as `%2D`.
function isOf(tenant, database) {
  return decodeURIComponent(database).includes(`-${tenant}-`);
}

// Everything that lies on the device or the server under one tenant's name, and must not speak of the other's word.
async function assertApart(server, phone, words) {
  const stored = await phone.stored();
  for (const [tenant, own] of Object.entries(words)) {
    const others = Object.values(words).filter((word) => word !== own);
    const databases = Object.entries(stored).filter(([name]) => isOf(tenant, name));
    assert.ok(databases.length > 0, `a database of ${tenant}`);
    for (const [name, text] of databases) for (const other of others) assert.ok(!text.includes(other), `${other} in ${name}`);
    const onServer = JSON.stringify(await documentsOf(server, tenant, 'equipment'));
    assert.ok(onServer.includes(own));
    for (const other of others) assert.ok(!onServer.includes(other), `${other} on the server`);
  }
}

test('switching band in the middle of a sync, and two tabs on two bands: nothing of one is in the other', { timeout }, withBrowser(async (server, browser) => {
  const alice = await (await browser.phone('Alice')).signIn();
  const first = await alice.tenant();
  const firstName = await bandName(alice);
  const second = await addBand(alice, 'Second band');
  const { sub } = await alice.page.evaluate(() => JSON.parse(atob(JSON.parse(localStorage.getItem('roady:me:session')).token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'))));
  const user = await new User(server, sub).signIn();
  await fill(user, first, 'zebra', 1500);
  await fill(user, second, 'walrus', 1500);

  // To and fro, whether the sync of either has come to its end or not.
  const picker = alice.page.getByRole('combobox', { name: 'Band' });
  for (const name of [firstName, 'Second band', firstName, 'Second band', firstName]) await picker.selectOption(name);

  const otherTab = await alice.newPage();
  await otherTab.goto(`${server.url}/demo/#/${second}/gear`);
  await alice.goTo('Gear');
  await alice.page.getByRole('button', { name: 'zebra 1499' }).waitFor();
  await otherTab.getByRole('button', { name: 'walrus 1499' }).waitFor();
  await alice.addGear('zebra of this tab');
  await otherTab.getByRole('button', { name: 'New gear' }).click();
  await otherTab.getByRole('dialog').getByLabel('Name', { exact: true }).fill('walrus of that tab');
  await otherTab.getByRole('button', { name: 'Add to the catalogue' }).click();
  for (const [tenant, name] of [[first, 'zebra of this tab'], [second, 'walrus of that tab']]) {
    await eventually(`${name} is on the server`, async () => (await documentsOf(server, tenant, 'equipment')).some((doc) => doc.name === name));
  }
  await assertApart(server, alice, { [first]: 'zebra', [second]: 'walrus' });
}));

test('who is removed while offline loses the data, and can save what was not sent', { timeout }, withBrowser(async (server, browser) => {
  const { alice, bob, tenant } = await bandOfTwo(server, browser);
  const band = await bandName(alice);
  await bob.syncIs('uptodate');
  await bob.setOffline(true);
  await bob.addGear('Bob’s kazoo');

  await alice.goTo('Band');
  await alice.page.getByRole('button', { name: 'Remove Bob' }).click();
  await alice.page.getByText('Bob is no longer in the band.').waitFor();

  await bob.setOffline(false);
  const sheet = bob.page.getByRole('dialog', { name: `You are no longer in ${band}` });
  const [download] = await Promise.all([
    bob.page.waitForEvent('download'),
    sheet.getByRole('button', { name: 'Save my unsent changes' }).click(),
  ]);
  assert.match(await readFile(await download.path(), 'utf8'), /Bob’s kazoo/);
  await sheet.getByRole('button', { name: 'Done, forget them' }).click();
  await sheet.waitFor({ state: 'detached' });

  await eventually('the band’s data are gone from the device', async () => {
    const stored = await bob.stored();
    return !Object.keys(stored).some((name) => isOf(tenant, name)) && !JSON.stringify(stored).includes('kazoo');
  });
  assert.ok(!(await documentsOf(server, tenant, 'equipment')).some(({ name }) => name.includes('kazoo')));
  const bands = await bob.page.getByRole('combobox', { name: 'Band' }).locator('option').allTextContents();
  assert.ok(!bands.includes(band), `${bands}`);
}));
