// Who is signed in on this device, by the development issuer: the one file to replace for Clerk or another provider.
import { networkFetch } from './network';

export interface Session {
  name: string;
  email: string;
  /** The last token; it outlives a reload, so that the app starts without a network. */
  token: string;
}

/** Several people can use one browser side by side, each under a profile of their own (`?profile=…`). */
export const profile = new URLSearchParams(location.search).get('profile') ?? 'me';

function keyOf(profileName: string): string {
  return `roady:${profileName}:session`;
}

export function storedSession(): Session | null {
  const text = localStorage.getItem(keyOf(profile));
  return text ? (JSON.parse(text) as Session) : null;
}

export function storeSession(session: Session | null, profileName = profile): void {
  if (session) localStorage.setItem(keyOf(profileName), JSON.stringify(session));
  else localStorage.removeItem(keyOf(profileName));
}

/** The development issuer lets anyone in under any name; the same e-mail is the same user. */
export async function requestToken(name: string, email: string): Promise<string> {
  const answer = await networkFetch('/_dev/token', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name, email }),
  });
  const body = (await answer.json()) as { access_token: string; reason?: string };
  if (!answer.ok) throw new Error(body.reason ?? `The server answered ${answer.status}.`);
  return body.access_token;
}

/** What the client library asks for a token, and for a fresh one where that has become too old. */
export async function getToken({ refresh = false } = {}): Promise<string | null> {
  const session = storedSession();
  if (!session || !refresh) return session?.token ?? null;
  const token = await requestToken(session.name, session.email);
  // Another tab may have signed out meanwhile.
  if (storedSession()) storeSession({ ...session, token });
  return token;
}
