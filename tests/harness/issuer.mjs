// An issuer of the test's own making, for `mycouch serve`: keys in a file, and tokens with any claims, good or bad.
import { createHmac, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

const digests = { RS256: 'sha256', RS384: 'sha384', RS512: 'sha512' };

function encoded(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function now() {
  return Math.floor(Date.now() / 1000);
}

export class Issuer {
  #keys = new Map();

  constructor(url = 'https://issuer.example') {
    this.url = url;
    this.kid = this.addKey();
  }

  addKey() {
    const kid = randomUUID();
    this.#keys.set(kid, generateKeyPairSync('rsa', { modulusLength: 2048 }));
    return kid;
  }

  get jwks() {
    return {
      keys: [...this.#keys].map(([kid, { publicKey }]) => ({ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' })),
    };
  }

  /** A token for `claims`; a claim that is undefined is left out. `header` replaces members of the JOSE header. */
  token(claims, header = {}) {
    const head = { alg: 'RS256', typ: 'JWT', kid: this.kid, ...header };
    const body = { iss: this.url, iat: now(), exp: now() + 3600, ...claims };
    const signed = `${encoded(head)}.${encoded(body)}`;
    return `${signed}.${this.#signature(head, signed)}`;
  }

  #signature({ alg, kid }, text) {
    if (alg === 'none') return '';
    const { privateKey, publicKey } = this.#keys.get(kid) ?? this.#keys.get(this.kid);
    if (alg === 'HS256') {
      // The public key taken for a shared secret.
      return createHmac('sha256', publicKey.export({ type: 'spki', format: 'pem' })).update(text).digest('base64url');
    }
    return sign(digests[alg], Buffer.from(text), privateKey).toString('base64url');
  }

  /**
   * The text of a mycouch.toml with this issuer as the one application, and a store on disk; `settings` are more lines
   * for the application.
   */
  configuration({ origins = [], settings = '' } = {}) {
    return async (folder, listen) => {
      const data = path.join(folder, 'data');
      const jwksFile = path.join(folder, 'jwks.json');
      await mkdir(data);
      await writeFile(jwksFile, JSON.stringify(this.jwks));
      await writeFile(path.join(data, 'admin.password'), 'correct horse\n');
      return `
listen = "${listen}"
[store]
url = "rocksdb:${path.join(data, 'store')}"
[admin]
user = "admin"
password_file = "${path.join(data, 'admin.password')}"
[[application]]
id = "roady"
issuer = "${this.url}"
jwks = "file:${jwksFile}"
databases = ["roady", "roady-*"]
allowed_origins = ${JSON.stringify(origins)}
${settings}
`;
    };
  }
}

/** The claims of a person who has signed in before, with their active tenant: their own where none is named. */
export function claimsOf(name, tenant = `tenant_${name}_personal`) {
  return { sub: name, name, email: `${name}@example.com`, active_tenant_id: tenant };
}
