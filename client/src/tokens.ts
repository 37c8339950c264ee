// The caller's token: kept until shortly before it ends, and replaced once when the server refuses it.
//
// However many requests run, one of them at a time asks the app for a token and the others wait for the same answer. A
// request asks for one replacement at most; where that is refused too, the request fails and it is the caller's back-off
// that decides when to try again. So there is no loop of 401s, whatever the issuer and the server think of each other.
import { MycouchError } from './errors.js';
import { claimsOf } from './jwt.js';

/**
 * Where tokens come from: Clerk's `session.getToken` as it is, or a function of the app's. With `refresh` it should ask
 * the issuer for a new one, instead of giving one that it has kept; `skipCache` is Clerk's word for that. Null: nobody
 * is signed in.
 */
export type GetToken = (options?: { refresh?: boolean; skipCache?: boolean }) => Promise<string | null>;

const patienceMs = 30_000;

export class Tokens {
  /** Whose tokens are wanted, by `sub`. Another's would send one user's changes, and read the other's tenants. */
  sub: string | undefined;
  #getToken: GetToken;
  #token: string | null = null;
  #asking: Promise<string> | null = null;
  // What to add to this machine's clock to get the issuer's, learnt from a new token's `iat`.
  #clockOffsetMs = 0;

  constructor(getToken: GetToken) {
    this.#getToken = getToken;
  }

  /** A token that is not about to end. Throws `no_token` where nobody is signed in. */
  async get(): Promise<string> {
    if (this.#token && this.#lasts(this.#token)) return this.#token;
    const token = await this.#ask(false);
    return this.#lasts(token) ? token : this.replace(token);
  }

  /** Another token in place of one that the server refused or that is about to end. */
  async replace(old: string): Promise<string> {
    if (this.#asking) await this.#asking.catch(() => {});
    if (this.#token && this.#token !== old) return this.#token;
    return this.#ask(true);
  }

  forget(): void {
    this.#token = null;
    this.sub = undefined;
  }

  #ask(refresh: boolean): Promise<string> {
    this.#asking ??= this.#fetch(refresh).finally(() => (this.#asking = null));
    return this.#asking;
  }

  async #fetch(refresh: boolean): Promise<string> {
    const token = await withPatience(() => this.#getToken(refresh ? { refresh, skipCache: refresh } : undefined));
    if (!token) throw new MycouchError(401, 'no_token', 'no token');
    const { sub, iat } = claimsOf(token);
    if (this.sub && sub && sub !== this.sub) throw new MycouchError(401, 'other_user', `a token of ${sub}`);
    if (refresh && iat && token !== this.#token) this.#clockOffsetMs = iat * 1000 - Date.now();
    return (this.#token = token);
  }

  // A feed ends a second before its token does, and a request takes its time: the last sixth of a token's life, 10
  // seconds at most, is left unused. A token without times is good until the server refuses it.
  #lasts(token: string): boolean {
    const { iat, exp } = claimsOf(token);
    if (!exp) return true;
    const lifetimeMs = iat ? (exp - iat) * 1000 : Infinity;
    const marginMs = Math.min(10_000, Math.max(2000, lifetimeMs / 6));
    return exp * 1000 - marginMs > Date.now() + this.#clockOffsetMs;
  }
}

async function withPatience<T>(promise: () => Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error('silent')), patienceMs)));
  try {
    return await Promise.race([promise(), late]);
  } catch (error) {
    // An app's getToken most often fails because it cannot reach the issuer.
    throw new MycouchError(0, 'network', `getToken: ${(error as Error)?.message}`);
  } finally {
    clearTimeout(timer);
  }
}
