// What a browser asks before it lets a page on another origin read and write: PouchDB's every call is preflighted.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { claimsOf, Issuer } from '../harness/issuer.mjs';
import { withServer } from '../harness/server.mjs';

const timeout = 60_000;
const issuer = new Issuer();
const page = 'http://localhost:4000';
const options = { configuration: issuer.configuration({ origins: [page] }) };

function preflight(server, target, origin, method = 'PUT') {
  return server.request('OPTIONS', target, {
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'accept,authorization,content-type',
    },
  });
}

function list(headers, name) {
  return (headers.get(name) ?? '').toLowerCase().split(',').map((word) => word.trim());
}

test('a preflight from an allowed origin is granted, without credentials, and may be kept', { timeout }, withServer(async (server) => {
  for (const target of ['/', '/roady/', '/roady/a', '/roady/_local/x', '/__tenants/tenant_alice_personal/roady/_bulk_docs', '/__users/_me', '/__tenants']) {
    const { status, headers } = await preflight(server, target, page);
    assert.ok(status === 200 || status === 204, `${target}: ${status}`);
    assert.equal(headers.get('access-control-allow-origin'), page, target);
    assert.equal(headers.get('access-control-allow-credentials'), 'true', target);
    for (const name of ['accept', 'authorization', 'content-type']) assert.ok(list(headers, 'access-control-allow-headers').includes(name), name);
    for (const name of ['get', 'put', 'post', 'head', 'delete']) assert.ok(list(headers, 'access-control-allow-methods').includes(name), name);
    assert.ok(Number(headers.get('access-control-max-age')) >= 600, target);
    assert.ok(list(headers, 'vary').includes('origin'), target);
  }
}, options));

test('a preflight from another origin is not granted', { timeout }, withServer(async (server) => {
  for (const origin of ['http://evil.example', 'http://localhost:40000', 'http://localhost', 'https://localhost:4000', 'null']) {
    const { headers } = await preflight(server, '/roady/a', origin);
    assert.equal(headers.get('access-control-allow-origin'), null, origin);
    assert.equal(headers.get('access-control-allow-credentials'), null, origin);
  }
}, options));

test('a pattern of any port allows that host only', { timeout }, withServer(async (server) => {
  for (const origin of ['http://localhost', 'http://localhost:4000', 'http://127.0.0.1:5173']) {
    const { headers } = await preflight(server, '/roady/a', origin);
    assert.equal(headers.get('access-control-allow-origin'), origin);
  }
  for (const origin of ['http://localhost.evil.example:80', 'https://localhost:4000', 'http://localhost:x', 'null']) {
    const { headers } = await preflight(server, '/roady/a', origin);
    assert.equal(headers.get('access-control-allow-origin'), null, origin);
  }
}));

test('answers can be read by a page of an allowed origin, errors too, and by no other', { timeout }, withServer(async (server) => {
  const authorization = `Bearer ${issuer.token(claimsOf('alice'))}`;
  for (const [target, token] of [['/__users/_me', authorization], ['/roady/none', authorization], ['/roady/', undefined], ['/no/such/route', authorization]]) {
    const { headers } = await server.request('GET', target, { authorization: token, headers: { origin: page } });
    assert.equal(headers.get('access-control-allow-origin'), page, target);
    assert.equal(headers.get('access-control-allow-credentials'), 'true', target);
    assert.ok(list(headers, 'vary').includes('origin'), target);
    const elsewhere = await server.request('GET', target, { authorization: token, headers: { origin: 'http://evil.example' } });
    assert.equal(elsewhere.headers.get('access-control-allow-origin'), null, target);
  }
}, options));
