// Tokens that live for seconds, while people use the app.
import assert from 'node:assert/strict';
import test from 'node:test';

import { bandOfTwo, withBrowser } from '../harness/browser.mjs';

// Two minutes show what hours do; MYCOUCH_TOKEN_SECONDS makes it so.
const seconds = Number(process.env.MYCOUCH_TOKEN_SECONDS ?? 30);
const lifetime = 10; // seconds

async function shortTokens(phone) {
  let given = 0;
  await phone.context.route('**/_dev/token', (route) => {
    given += 1;
    const asked = JSON.parse(route.request().postData());
    return route.continue({ postData: JSON.stringify({ ...asked, expires_in: lifetime }) });
  });
  return () => given;
}

// Counts what the sync says from now on, in the page, where nothing of it can be missed.
async function watchStates(phone) {
  await phone.page.evaluate(() => {
    globalThis.seenStates = new Set();
    const note = () => globalThis.seenStates.add(document.querySelector('.chip')?.className.replace('chip ', ''));
    new MutationObserver(note).observe(document.body, { subtree: true, attributes: true, childList: true });
  });
  return () => phone.page.evaluate(() => [...globalThis.seenStates]);
}

test('with tokens that live ten seconds nobody notices, and every tick arrives', { timeout: (seconds + 300) * 1000 }, withBrowser(async (server, browser) => {
  const shorten = async (name) => {
    const phone = await browser.phone(name);
    phone.tokensGiven = await shortTokens(phone);
    return phone;
  };
  const { alice, bob } = await bandOfTwo(server, { phone: shorten });
  for (const phone of [alice, bob]) await phone.syncIs('uptodate');
  const states = [await watchStates(alice), await watchStates(bob)];
  const started = performance.now();
  const before = alice.tokensGiven() + bob.tokensGiven();
  let round = 0;
  while (performance.now() - started < seconds * 1000) {
    const [ticking, seeing] = round % 2 === 0 ? [alice, bob] : [bob, alice];
    const checked = Math.floor(round / 2) % 2 === 0;
    const item = round % 2 === 0 ? 'Drums' : 'Cables';
    if (checked) await ticking.tick(item);
    else await ticking.untick(item);
    await seeing.sees(item, checked);
    round += 1;
  }
  assert.ok(alice.tokensGiven() + bob.tokensGiven() > before, 'tokens were renewed');
  for (const seen of states) {
    for (const state of ['offline', 'denied', 'error']) assert.ok(!(await seen()).includes(state), `${await seen()}`);
  }
  assert.ok(round >= 4, `${round} rounds`);
}, { args: ['--auth-leeway', '0s'] }));
