// Roady as people use it: each on a phone of their own (a browser profile), in Debian's Chromium.
import assert from 'node:assert/strict';

import { chromium } from 'playwright-core';

import { eventually } from './wait.mjs';
import { withServer } from './server.mjs';

const executablePath = process.env.MYCOUCH_CHROMIUM ?? '/usr/bin/chromium';
// Of the tests, root's Chromium needs no sandbox of its own; and nothing of it calls home.
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

// A page that has to wait for its turn on a machine of two cores is not broken.
const patience = 180_000; // milliseconds

export const phoneSize = { width: 390, height: 844 };
export const desktopSize = { width: 1280, height: 860 };

export class Phone {
  /** What the page's console and its uncaught errors said; what a test expects, it takes out. */
  complaints = [];

  constructor(server, context, name) {
    this.server = server;
    this.context = context;
    this.name = name;
    this.email = `${name.toLowerCase()}@example.com`;
  }

  /** A page of this profile: the first, or another tab. */
  async newPage() {
    const page = await this.context.newPage();
    page.setDefaultTimeout(patience);
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    return page;
  }

  async open(hash = '') {
    this.page ??= await this.newPage();
    await this.page.goto(`${this.server.url}/demo/${hash}`);
    return this;
  }

  /** Signs in; afterwards a band is open, and the app can start without a network. */
  async signIn(hash = '') {
    await this.open(hash);
    await this.fillSignIn();
    await this.ready();
    return this;
  }

  async fillSignIn() {
    await this.page.getByLabel('Name').fill(this.name);
    await this.page.getByLabel('E-mail').fill(this.email);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
  }

  /** The app is on the device: it can be opened without a network. */
  async ready() {
    await this.page.getByRole('navigation').waitFor();
    await this.page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  }

  /** The tenant of the address. */
  async tenant(page = this.page) {
    return eventually('a band is open', async () => /#\/(tenant_[^/]+)\//.exec(decodeURIComponent(page.url()))?.[1]);
  }

  async goTo(place, page = this.page) {
    await page.getByRole('navigation').getByRole('link', { name: place }).click();
  }

  /** Waits until the sync says so. */
  async syncIs(state, page = this.page) {
    await page.locator(`.chip.${state}`).waitFor();
  }

  async addGear(name, quantity = 1) {
    await this.goTo('Gear');
    await this.page.getByRole('button', { name: 'New gear' }).click();
    const sheet = this.page.getByRole('dialog');
    await sheet.getByLabel('Name', { exact: true }).fill(name);
    for (let count = 1; count < quantity; count += 1) await sheet.getByRole('button', { name: 'One more: How many' }).click();
    await sheet.getByRole('button', { name: 'Add to the catalogue' }).click();
    await this.page.getByRole('button', { name }).waitFor();
  }

  /** A gig with all the gear; its check-list is open afterwards. */
  async addGig(name) {
    await this.goTo('Gigs');
    await this.page.getByRole('button', { name: 'New gig' }).click();
    const sheet = this.page.getByRole('dialog');
    await sheet.getByLabel('Name', { exact: true }).fill(name);
    await sheet.getByRole('button', { name: 'Add the gig' }).click();
    await this.page.getByRole('heading', { level: 1, name }).waitFor();
  }

  async openGig(name) {
    await this.goTo('Gigs');
    await this.page.getByRole('link', { name }).click();
    await this.page.getByRole('heading', { level: 1, name }).waitFor();
  }

  tickOf(item) {
    return this.page.getByRole('checkbox', { name: new RegExp(`^${item}\\b`) });
  }

  async tick(item) {
    await this.tickOf(item).check();
  }

  async untick(item) {
    await this.tickOf(item).uncheck();
  }

  async sees(item, checked = true) {
    await eventually(`${this.name} sees ${item} ${checked ? 'ticked' : 'not ticked'}`, async () => (await this.tickOf(item).isChecked()) === checked, {
      seconds: patience / 1000,
    });
  }

  /** Makes a link for one more member. */
  async inviteByLink() {
    await this.goTo('Band');
    await this.page.getByRole('button', { name: 'Make a link' }).click();
    return this.page.getByLabel(/^Link/).inputValue();
  }

  /** Signs in with the link, and accepts. */
  async joinBy(link, band) {
    await this.signIn(new URL(link).hash);
    await this.page.getByRole('button', { name: `Join ${band}` }).click();
    await this.page.getByRole('heading', { level: 1, name: 'Gigs' }).waitFor();
  }

  async setOffline(offline) {
    await this.context.setOffline(offline);
  }

  /** All that IndexedDB holds, by database, as text. */
  async stored() {
    return this.page.evaluate(async () => {
      const promised = (request) =>
        new Promise((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
      const texts = {};
      for (const { name } of await indexedDB.databases()) {
        const database = await promised(indexedDB.open(name));
        const stores = [...database.objectStoreNames];
        const contents = [];
        for (const store of stores) contents.push(await promised(database.transaction(store).objectStore(store).getAll()));
        database.close();
        texts[name] = JSON.stringify(contents);
      }
      return texts;
    });
  }
}

/** `body(server, browser, t)`: `browser.phone(name)` gives each person a profile. No page may have thrown. */
export function withBrowser(body, options) {
  return withServer(async (server, t) => {
    const browser = await chromium.launch({ executablePath, args });
    const phones = [];
    const give = {
      async phone(name, contextOptions = {}) {
        const context = await browser.newContext({ viewport: phoneSize, reducedMotion: 'reduce', ...contextOptions });
        const phone = new Phone(server, context, name);
        phones.push(phone);
        return phone;
      },
    };
    try {
      await body(server, give, t);
      assert.deepEqual(phones.flatMap(({ complaints }) => complaints), []);
    } catch (error) {
      await keepPictures(phones, t.name);
      throw error;
    } finally {
      await browser.close();
    }
  }, options);
}

// Of what was on the screens when a test failed.
async function keepPictures(phones, test) {
  const folder = process.env.MYCOUCH_SCREENSHOTS;
  if (!folder) return;
  for (const { name, context } of phones) {
    for (const [index, page] of context.pages().entries()) {
      await page.screenshot({ path: `${folder}/${test.slice(0, 40).replace(/\W+/g, '-')}-${name}-${index}.png` }).catch(() => {});
    }
  }
}

/** Two people of one band with a gig of four things, open on both phones. */
export async function bandOfTwo(server, browser) {
  const alice = await (await browser.phone('Alice')).signIn();
  for (const name of ['Drums', 'Bass amp', 'Cables']) await alice.addGear(name);
  await alice.addGear('Speaker', 2);
  await alice.addGig('Blue Note');
  const tenant = await alice.tenant();
  const link = await alice.inviteByLink();
  const bob = await browser.phone('Bob');
  await bob.joinBy(link, await bandName(alice));
  await alice.openGig('Blue Note');
  await bob.openGig('Blue Note');
  return { alice, bob, tenant };
}

export async function bandName(phone) {
  return phone.page.getByRole('combobox', { name: 'Band' }).evaluate((select) => select.selectedOptions[0].textContent.trim());
}

/** The documents of one type that the server holds for a tenant. */
export async function documentsOf(server, tenant, type) {
  const { status, body } = await server.asAdministrator('GET', `/__tenants/${tenant}/roady/_all_docs?include_docs=true&conflicts=true`);
  assert.equal(status, 200, JSON.stringify(body));
  return body.rows.map(({ doc }) => doc).filter((doc) => doc.type === type);
}
