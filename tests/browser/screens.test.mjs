// Every screen, light and dark, on a phone and on a desk: axe-core finds nothing to complain about, nothing is wider than
// the window, and what a thumb has to hit is large enough. MYCOUCH_SCREENSHOTS names a folder to keep pictures in.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import test from 'node:test';

import { bandOfTwo, desktopSize, phoneSize, withBrowser } from '../harness/browser.mjs';

const timeout = 400_000;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pictures = process.env.MYCOUCH_SCREENSHOTS;
const smallestTarget = 44; // CSS pixels

async function findings(page) {
  // The app's policy lets no script of others in; what playwright evaluates is not held to it.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`);
}

function sideways(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

// What is shown and smaller than a thumb; an input within a label is as large as that.
function smallTargets(page) {
  return page.evaluate((smallest) => {
    const inText = ({ parentNode }) => [...parentNode.childNodes].some(({ nodeType, data }) => nodeType === Node.TEXT_NODE && data.trim());
    return [...document.querySelectorAll('button, a, select, input')]
      .map((element) => element.closest('label:has(input[type=checkbox])') ?? element)
      .filter((element) => element.checkVisibility() && !element.matches('.skip') && !(element.matches('a') && inText(element)))
      .filter((element) => element.getBoundingClientRect().height < smallest)
      .map((element) => element.outerHTML.slice(0, 120));
  }, smallestTarget);
}

async function inspect(page, name) {
  const wrong = [];
  for (const [width, size] of [['phone', phoneSize], ['desk', desktopSize]]) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      if (pictures) await page.screenshot({ path: `${pictures}/${name}-${width}-${colorScheme}.png` });
      for (const finding of await findings(page)) wrong.push(`${name}, ${width}, ${colorScheme}: ${finding}`);
    }
    if ((await sideways(page)) > 0) wrong.push(`${name}, ${width}: wider than the window`);
    for (const target of await smallTargets(page)) wrong.push(`${name}, ${width}: small: ${target}`);
  }
  await page.setViewportSize(phoneSize);
  return wrong;
}

test('no screen has a fault that axe-core finds, or a target too small, in light and dark', { timeout }, withBrowser(async (server, browser) => {
  const stranger = await browser.phone('Stranger');
  await stranger.open();
  await stranger.page.getByRole('heading', { name: 'Roady' }).waitFor();
  const wrong = await inspect(stranger.page, 'sign-in');

  const { alice, bob } = await bandOfTwo(server, browser);
  const { page } = alice;
  const see = async (name) => wrong.push(...(await inspect(page, name)));
  await alice.tick('Drums');
  await bob.tick('Cables');
  await alice.sees('Cables');
  await see('gig');
  await alice.goTo('Gigs');
  await see('gigs');
  await page.getByRole('button', { name: 'New gig' }).click();
  await see('gig-form');
  await page.keyboard.press('Escape');
  await alice.goTo('Gear');
  await see('gear');
  await page.getByRole('button', { name: 'Drums' }).click();
  await see('gear-form');
  await page.getByRole('button', { name: 'Move to the trash' }).click();
  await page.getByRole('button', { name: 'Undo' }).waitFor();
  await see('undo');
  await alice.goTo('Types');
  await see('types');
  await page.getByRole('button', { name: 'New gig type' }).click();
  await see('type-form');
  await page.keyboard.press('Escape');
  await alice.goTo('Band');
  await page.getByText('bob@example.com').waitFor();
  const link = await alice.inviteByLink();
  await see('band');
  await page.getByRole('link', { name: 'Trash' }).click();
  await page.getByRole('button', { name: 'Restore Drums' }).waitFor();
  await see('trash');
  await page.locator('.chip').click();
  await see('sync');
  await page.getByRole('switch').check();
  await page.getByRole('heading', { name: 'Offline' }).waitFor();
  await see('offline');
  await stranger.signIn(new URL(link).hash);
  await stranger.page.getByRole('button', { name: /^Join/ }).waitFor();
  wrong.push(...(await inspect(stranger.page, 'join')));
  assert.deepEqual(wrong, []);
}));

test('the first page has no fault that axe-core finds either', { timeout }, withBrowser(async (server, browser) => {
  const visitor = await browser.phone('Visitor');
  const page = await visitor.newPage();
  await page.goto(`${server.url}/`);
  await page.frameLocator('iframe').first().locator('.chip.uptodate').waitFor();
  await page.locator('#feed li').first().waitFor();
  assert.deepEqual(await inspect(page, 'first-page'), []);
}));

test('a gig is made and ticked by keyboard alone', { timeout }, withBrowser(async (server, browser) => {
  const alice = await (await browser.phone('Alice')).signIn();
  await alice.addGear('Drums');
  const { page } = alice;
  const arriveAt = async (place) => {
    await alice.goTo(place);
    await page.waitForFunction((title) => document.activeElement.id === 'main' && document.title.startsWith(title), place);
  };
  await arriveAt('Gigs');
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.ariaLabel);
  const tabTo = async (text) => {
    for (let presses = 0; presses < 30; presses += 1) {
      await press('Tab');
      if ((await focused())?.includes(text)) return;
    }
    assert.fail(`the focus does not come to ${text}`);
  };
  await press('/');
  assert.equal(await page.evaluate(() => document.activeElement.type), 'search');
  await tabTo('New gig');
  await press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.type('Marquee');
  await press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Marquee' }).waitFor();
  for (let presses = 0; presses < 30 && !(await alice.tickOf('Drums').evaluate((box) => box === document.activeElement)); presses += 1) await press('Tab');
  await press('Space');
  await alice.sees('Drums');

  // Where one has gone is where the keyboard goes on, and what the title says.
  await arriveAt('Gear');
}));

test('the app can be installed', { timeout }, withBrowser(async (server, browser) => {
  const alice = await (await browser.phone('Alice')).signIn();
  const session = await alice.context.newCDPSession(alice.page);
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
  // A profile of a test is an incognito one, which installs nothing.
  assert.deepEqual(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito'), []);
  const { errors } = await session.send('Page.getAppManifest');
  assert.deepEqual(errors, []);
}));
