// The development server's first page: two people of one band, each on a phone, and the feed that joins them.
import '@fontsource-variable/figtree/wght.css';

import type { NetworkMessage } from '../framed';
import { storeSession } from '../session';
import { prepareBand, type Shown } from './band';
import { Feed } from './feed';
import { Account } from './server';
import './style.css';

const people = {
  alice: { name: 'Alice', email: 'alice@band.example' },
  bob: { name: 'Bob', email: 'bob@band.example' },
};
type PersonId = keyof typeof people;

function element<E extends HTMLElement>(selector: string): E {
  const found = document.querySelector<E>(selector);
  if (!found) throw new Error(selector);
  return found;
}

async function startPhone(id: PersonId, account: Account, { tenant, gig }: Shown): Promise<void> {
  const phone = element(`[data-person=${id}]`);
  const frame = phone.querySelector('iframe') as HTMLIFrameElement;
  const button = phone.querySelector('.network') as HTMLButtonElement;
  storeSession({ ...account.person, token: await account.refresh() }, id);
  frame.src = `/demo/?profile=${id}#/${tenant}/gigs/${gig}`;
  button.addEventListener('click', () => {
    const off = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-pressed', String(off));
    button.textContent = off ? 'Bring back' : 'Take offline';
    phone.classList.toggle('off', off);
    frame.contentWindow?.postMessage({ kind: 'network', off } satisfies NetworkMessage, location.origin);
  });
}

async function start(): Promise<void> {
  const alice = new Account(people.alice);
  const bob = new Account(people.bob);
  const shown = await prepareBand(alice, bob);
  await startPhone('alice', alice, shown);
  await startPhone('bob', bob, shown);
  const database = `/__tenants/${shown.tenant}/roady`;
  element('#feed-url').textContent = `${database}/_changes`;
  await new Feed(alice, database, element('#feed')).follow();
}

for (const code of document.querySelectorAll('[data-url]')) {
  code.textContent = (code.textContent ?? '').replaceAll('{url}', location.origin);
}
start().catch((error: unknown) => {
  const problem = element('#problem');
  problem.textContent = `The phones could not be set up: ${(error as Error).message}`;
  problem.hidden = false;
});
