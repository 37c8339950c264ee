// What the client reads in a token. Nothing is verified here: the server does that, and the client believes its own token.

export interface Claims {
  sub?: string;
  iat?: number;
  exp?: number;
  active_tenant_id?: string | null;
  [claim: string]: unknown;
}

/** The claims of a JWT; of anything else, none. */
export function claimsOf(token: string): Claims {
  try {
    const payload = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as Claims;
  } catch {
    return {};
  }
}

/** The id of the token's user, as documents have it: `user_` and the token's `sub`. Null where it has none. */
export function extractUserIdFromJWT(token: string): string | null {
  const { sub } = claimsOf(token);
  return sub ? `user_${sub}` : null;
}

/** The tenant that the token names as the active one. Null where it names none. */
export function extractActiveTenantIdFromJWT(token: string): string | null {
  return claimsOf(token).active_tenant_id || null;
}
