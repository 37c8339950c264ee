// Which tokens are accepted, and what a caller is told of one that is not.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { claimsOf, Issuer } from '../harness/issuer.mjs';
import { withServer } from '../harness/server.mjs';

const timeout = 60_000;
const issuer = new Issuer();
const stranger = new Issuer();

const now = Math.floor(Date.now() / 1000);
const alice = claimsOf('alice');
const good = issuer.token(alice);
const [head, body, signature] = good.split('.');

const refused = [
  ['no credentials', undefined],
  ['another scheme', 'Digest username="alice"', 'authorization scheme not supported'],
  ['a scheme alone', 'Bearer', 'malformed Authorization header'],
  ['no token at all', 'Bearer x', 'malformed token'],
  ['two parts', `Bearer ${head}.${body}`, 'malformed token'],
  ['padding', `Bearer ${head}=.${body}.${signature}`, 'malformed token'],
  ['a token of 20 KB', `Bearer ${issuer.token({ ...alice, filler: 'x'.repeat(20_000) })}`, 'token too large'],
  ['alg none', `Bearer ${issuer.token(alice, { alg: 'none' })}`, 'algorithm not allowed'],
  ['the public key as an HMAC secret', `Bearer ${issuer.token(alice, { alg: 'HS256' })}`, 'algorithm not allowed'],
  ['an algorithm that the application does not list', `Bearer ${issuer.token(alice, { alg: 'RS512' })}`, 'algorithm not allowed'],
  ['another issuer', `Bearer ${issuer.token({ ...alice, iss: 'https://other.example' })}`, 'unknown issuer'],
  ['another\'s key id', `Bearer ${stranger.token(alice)}`, 'unknown key id'],
  ['another\'s signature', `Bearer ${stranger.token(alice, { kid: issuer.kid })}`, 'bad signature'],
  ['a changed body', `Bearer ${head}.${issuer.token(claimsOf('bob')).split('.')[1]}.${signature}`, 'bad signature'],
  ['no expiry', `Bearer ${issuer.token({ ...alice, exp: undefined })}`, 'no expiry'],
  ['expired', `Bearer ${issuer.token({ ...alice, exp: now - 120 })}`, 'token expired'],
  ['not yet valid', `Bearer ${issuer.token({ ...alice, nbf: now + 600 })}`, 'token not yet valid'],
  ['issued in the future', `Bearer ${issuer.token({ ...alice, iat: now + 600 })}`, 'token issued in the future'],
  ['no subject', `Bearer ${issuer.token({ ...alice, sub: undefined })}`, 'no subject'],
  ['an empty subject', `Bearer ${issuer.token({ ...alice, sub: '' })}`, 'no subject'],
  ['a subject of 256 bytes', `Bearer ${issuer.token({ ...alice, sub: 'x'.repeat(256) })}`, 'subject too long'],
  ['a wrong password', `Basic ${Buffer.from('admin:wrong').toString('base64')}`, 'name or password is incorrect'],
  ['a wrong name', `Basic ${Buffer.from('root:correct horse').toString('base64')}`, 'name or password is incorrect'],
];

test('a token is refused with the reason of the check that failed', { timeout }, withServer(async (server, t) => {
  for (const [what, authorization, reason] of refused) {
    await t.test(what, async () => {
      const answer = await server.request('GET', '/roady/', { authorization });
      assert.equal(answer.status, 401);
      assert.equal(answer.body.error, 'unauthorized');
      assert.equal(answer.body.reason, reason ?? 'no credentials');
      assert.match(answer.headers.get('www-authenticate'), authorization?.startsWith('Basic') ? /./ : /^Bearer\b/);
      const token = authorization?.split(' ')[1];
      if (token?.length > 20) {
        assert.ok(!JSON.stringify(answer.body).includes(token), 'the answer does not hold the token');
        assert.ok(!server.log.includes(token), 'the log does not hold the token');
      }
    });
  }
}, { configuration: issuer.configuration() }));

test('within the leeway of a minute clocks may differ', { timeout }, withServer(async (server) => {
  const signedIn = async (claims) => server.request('GET', '/__users/_me', { authorization: `Bearer ${issuer.token({ ...alice, ...claims })}` });
  const time = Math.floor(Date.now() / 1000);
  for (const claims of [{}, { exp: time - 30 }, { nbf: time + 30 }, { iat: time + 30 }]) {
    assert.equal((await signedIn(claims)).status, 200, JSON.stringify(claims));
  }
}, { configuration: issuer.configuration() }));
