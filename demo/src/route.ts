// Where one is, in the URL's fragment: `#/TENANT/SCREEN/ID`. The band is part of it, so that two tabs can show two bands,
// and an invitation's token, `#/join/TOKEN`, never reaches a server's log.
import { computed, signal } from '@preact/signals';

export type Screen = 'gigs' | 'gear' | 'types' | 'band' | 'trash';
const screens: readonly string[] = ['gigs', 'gear', 'types', 'band', 'trash'] satisfies Screen[];

export interface Route {
  tenant: string | null;
  screen: Screen;
  id: string | null;
  invitation: string | null;
}

function parse(hash: string): Route {
  const [first = '', second = '', third = ''] = hash.replace(/^#?\/?/, '').split('/').map(decodeURIComponent);
  if (first === 'join') return { tenant: null, screen: 'gigs', id: null, invitation: second };
  const screen = screens.includes(second) ? (second as Screen) : 'gigs';
  return { tenant: first || null, screen, id: third || null, invitation: null };
}

const hash = signal(location.hash);
window.addEventListener('hashchange', () => (hash.value = location.hash));

export const route = computed(() => parse(hash.value));

export function hrefTo(screen: Screen, id?: string, tenant = route.value.tenant): string {
  return '#/' + [tenant ?? '', screen, ...(id ? [id] : [])].map(encodeURIComponent).join('/');
}

export function go(href: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  hash.value = location.hash;
  window.scrollTo(0, 0);
}
