// Invitations reach the application's webhook, signed so that the Standard Webhooks library accepts them, and are sent
// until they are taken.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';

import { Webhook } from 'standardwebhooks';

import { claimsOf, Issuer } from '../harness/issuer.mjs';
import { withServer } from '../harness/server.mjs';
import { eventually } from '../harness/wait.mjs';

const timeout = 120_000;

/** The application's own server: keeps what it is sent, and answers with `statuses` first, 204 then. */
class Receiver {
  secret = `whsec_${randomBytes(32).toString('base64')}`;
  deliveries = [];
  statuses = [];
  #server;
  #port = 0;

  async start() {
    this.#server = http.createServer(async (request, response) => {
      let body = '';
      for await (const piece of request) body += piece;
      const status = this.statuses.shift() ?? 204;
      this.deliveries.push({ method: request.method, path: request.url, headers: request.headers, body, status });
      response.writeHead(status).end();
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = this.#server.address().port;
    return this;
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** The delivery's content, once its signature was checked. */
  verified({ headers, body }, secret = this.secret) {
    return new Webhook(secret).verify(body, headers);
  }

  get url() {
    return `http://127.0.0.1:${this.#port}/invitations?app=roady`;
  }
}

function withReceiver(body) {
  return async (t) => {
    const receiver = await new Receiver().start();
    const issuer = new Issuer();
    const settings = `invitation_webhook = "${receiver.url}"\ninvitation_webhook_secret = "${receiver.secret}"`;
    try {
      await withServer((server) => body(server, receiver, issuer), { configuration: issuer.configuration({ settings }) })(t);
    } finally {
      await receiver.stop();
    }
  };
}

function as(server, issuer, name, method, target, json) {
  const claims = { ...claimsOf(name), email_verified: true };
  return server.request(method, target, { json, authorization: `Bearer ${issuer.token(claims)}` });
}

async function invite(server, issuer, request = { role: 'member' }) {
  await as(server, issuer, 'alice', 'GET', '/__users/_me');
  const answer = await as(server, issuer, 'alice', 'POST', '/__tenants/alice_personal/invitations', request);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body;
}

function delivered(receiver, count = 1) {
  return eventually(`${count} deliveries`, () => receiver.deliveries.length >= count);
}

test('an invitation is delivered signed, and its token makes a member', { timeout }, withReceiver(async (server, receiver, issuer) => {
  const invitation = await invite(server, issuer, { role: 'viewer', email: 'bob@example.com' });
  await delivered(receiver);
  const [delivery] = receiver.deliveries;
  assert.equal(delivery.method, 'POST');
  assert.equal(delivery.path, '/invitations?app=roady');
  assert.equal(delivery.headers['content-type'], 'application/json');
  const message = receiver.verified(delivery);
  assert.deepEqual(message, {
    type: 'invitation.created',
    id: delivery.headers['webhook-id'],
    token: invitation.token,
    tenant: { id: 'tenant_alice_personal', name: 'alice\'s Workspace' },
    role: 'viewer',
    email: 'bob@example.com',
    invitedBy: { id: 'user_alice', name: 'alice' },
    expiresAt: message.expiresAt,
  });
  assert.match(message.expiresAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.throws(() => receiver.verified({ ...delivery, body: delivery.body.replace('viewer', 'admin') }));
  assert.throws(() => receiver.verified(delivery, `whsec_${randomBytes(32).toString('base64')}`));

  const accepted = await as(server, issuer, 'bob', 'POST', `/__invitations/${message.token}/accept`, {});
  assert.equal(accepted.status, 200, JSON.stringify(accepted.body));
  const { body: stored } = await server.asAdministrator('GET', '/couch-sitter/_all_docs?include_docs=true');
  for (const secret of [message.token, receiver.secret]) {
    assert.ok(!JSON.stringify(stored).includes(secret), 'the store does not hold it');
    assert.ok(!server.log.includes(secret), 'the log does not hold it');
  }
  assert.ok(!server.log.includes('bob@example.com'), 'the log does not hold the address');
}));

test('a webhook is asked again until it takes the invitation, with the same id and token', { timeout }, withReceiver(async (server, receiver, issuer) => {
  receiver.statuses.push(500, 404, 302);
  const begun = performance.now();
  const { token } = await invite(server, issuer);
  assert.ok(performance.now() - begun < 2_000, 'the request does not wait for the webhook');
  await delivered(receiver, 4);
  assert.deepEqual(receiver.deliveries.map(({ status }) => status), [500, 404, 302, 204]);
  for (const delivery of receiver.deliveries) {
    assert.equal(receiver.verified(delivery).token, token);
    assert.equal(delivery.headers['webhook-id'], receiver.deliveries[0].headers['webhook-id']);
  }
}));

test('an invitation that waits for its webhook is delivered after a kill -9', { timeout }, withReceiver(async (server, receiver, issuer) => {
  await receiver.stop();
  const { token } = await invite(server, issuer);
  await server.kill();
  await receiver.start();
  await server.start();
  await delivered(receiver);
  assert.equal(receiver.verified(receiver.deliveries[0]).token, token);
}));

test('an invitation that was revoked while it waited is not delivered', { timeout }, withReceiver(async (server, receiver, issuer) => {
  await receiver.stop();
  const revoked = await invite(server, issuer);
  const { token } = await invite(server, issuer);
  const answer = await as(server, issuer, 'alice', 'DELETE', `/__tenants/alice_personal/invitations/${revoked._id ?? revoked.id}`);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  await receiver.start();
  await delivered(receiver);
  await eventually('the outbox is empty', async () => {
    const { body } = await server.asAdministrator('GET', '/couch-sitter/_all_docs?start_key="outbox_"&end_key="outbox_~"');
    return body.rows.length === 0;
  });
  assert.deepEqual(receiver.deliveries.map((delivery) => receiver.verified(delivery).token), [token]);
}));

test('a webhook that says 410 is not asked again', { timeout }, withReceiver(async (server, receiver, issuer) => {
  receiver.statuses.push(410);
  await invite(server, issuer);
  await eventually('it is given up', () => /given up.*status 410/.test(server.log));
  assert.equal(receiver.deliveries.length, 1);
}));

test('in development an invitation\'s token is a line in the log', { timeout }, withServer(async (server) => {
  const authorization = `Bearer ${await server.developmentToken({ sub: 'alice' })}`;
  await server.request('GET', '/__users/_me', { authorization });
  const made = await server.request('POST', '/__tenants/alice_personal/invitations', { authorization, json: { role: 'member' } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  await eventually('the line is there', () => server.log.includes(`token="${made.body.token}"`));
}));
