// Without a network: everything goes on, and comes together afterwards.
import assert from 'node:assert/strict';
import test from 'node:test';

import { bandOfTwo, documentsOf, withBrowser } from '../harness/browser.mjs';
import { eventually } from '../harness/wait.mjs';

const timeout = 400_000;

// A tick is shown before it is stored; who starts the app anew in between has not made it.
async function ticksAreStored(phone, count) {
  await eventually(`${count} ticks are on the device`, async () => {
    const lists = JSON.stringify(await phone.stored()).replaceAll('\\', '').matchAll(/"loadoutChecklist":(\[[^\]]*\])/g);
    return [...lists].some(([, list]) => JSON.parse(list).filter(({ checked, checkedBy }) => checked && checkedBy === phone.name).length === count);
  });
}

// What both do meanwhile: each ticks an item of their own, both tick the drums, and Bob makes a gig and starts the app anew.
async function workApart(alice, bob) {
  await alice.tick('Bass amp');
  await alice.tick('Drums');
  await bob.tick('Cables');
  await bob.tick('Drums');
  await ticksAreStored(bob, 2);
  await bob.page.reload();
  await bob.page.getByRole('heading', { level: 1, name: 'Blue Note' }).waitFor();
  for (const item of ['Cables', 'Drums']) await bob.sees(item);
  await bob.addGig('Roxy');
  await bob.tick('Speaker 1');
  await bob.openGig('Blue Note');
}

async function assertConverged(server, { alice, bob, tenant }) {
  for (const phone of [alice, bob]) {
    for (const item of ['Bass amp', 'Drums', 'Cables']) await phone.sees(item);
    for (const item of ['Speaker 1', 'Speaker 2']) await phone.sees(item, false);
    await phone.syncIs('uptodate');
  }
  await alice.openGig('Roxy');
  await alice.sees('Speaker 1');

  const gigs = await eventually('no conflict is left', async () => {
    const found = await documentsOf(server, tenant, 'gig');
    return found.every(({ _conflicts }) => _conflicts === undefined) && found;
  });
  assert.deepEqual(gigs.map(({ name }) => name).sort(), ['Blue Note', 'Roxy']);
  for (const { loadoutChecklist } of gigs) {
    const keys = loadoutChecklist.map(({ equipmentId, itemNumber }) => `${equipmentId}/${itemNumber}`);
    assert.equal(new Set(keys).size, 5);
    assert.equal(keys.length, 5);
  }
  assert.equal((await documentsOf(server, tenant, 'equipment')).length, 4);
}

test('without a network one ticks, makes a gig and starts the app; afterwards nothing is lost or doubled', { timeout }, withBrowser(async (server, browser) => {
  const band = await bandOfTwo(server, browser);
  await band.alice.syncIs('uptodate');
  await band.bob.syncIs('uptodate');
  for (const phone of [band.alice, band.bob]) await phone.setOffline(true);
  await workApart(band.alice, band.bob);
  for (const phone of [band.alice, band.bob]) await phone.syncIs('offline');
  for (const phone of [band.alice, band.bob]) await phone.setOffline(false);
  await assertConverged(server, band);
}));

test('the same while the server is down', { timeout }, withBrowser(async (server, browser) => {
  const band = await bandOfTwo(server, browser);
  await band.alice.syncIs('uptodate');
  await band.bob.syncIs('uptodate');
  await server.kill();
  await workApart(band.alice, band.bob);
  for (const phone of [band.alice, band.bob]) await phone.syncIs('offline');
  await server.start();
  await assertConverged(server, band);
}));
