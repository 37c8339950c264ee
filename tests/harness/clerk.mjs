// A stand-in for Clerk: its Backend API, as far as mycouch uses it, and the session tokens that it gives. It checks each
// request as Clerk's documentation has it, refuses what is wrong with Clerk's own error objects, and fails, hangs and
// limits the rate on demand.
//
// https://clerk.com/docs/reference/backend-api, https://clerk.com/docs/guides/sessions/session-tokens
import { createPublicKey, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';

import { Issuer } from './issuer.mjs';

const metadataKinds = ['public_metadata', 'private_metadata', 'unsafe_metadata'];

function error(status, code, message, fields = {}) {
  return {
    status,
    fields,
    body: { errors: [{ message, long_message: message, code }], clerk_trace_id: randomUUID().replaceAll('-', '') },
  };
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Deep, and null removes. */
function merge(into, changes) {
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete into[name];
    else if (isObject(value) && isObject(into[name])) merge(into[name], value);
    else into[name] = value;
  }
}

export class Clerk {
  secretKey = `sk_test_${randomUUID().replaceAll('-', '')}`;
  issuer = new Issuer('https://clerk.app.example');
  origin = 'https://app.example';
  /** Id → the user object. */
  users = new Map();
  /** What came, in its order: `{at, user, metadata, status}`, `at` in milliseconds. */
  requests = [];
  /** What no caller that follows the documentation sends. */
  mistakes = [];
  #script = [];
  #hanging = new Set();
  #server;
  #port = 0;

  async start() {
    this.#server = http.createServer((request, response) => this.#handle(request, response));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = this.#server.address().port;
    return this;
  }

  /** As an outage: nobody listens at the address any more, until `start`. */
  async stop() {
    for (const response of this.#hanging) response.destroy();
    this.#hanging.clear();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  addUser(id, metadata = {}) {
    this.users.set(id, { id, object: 'user', public_metadata: metadata, private_metadata: {}, unsafe_metadata: {} });
    return id;
  }

  activeTenantOf(id) {
    return this.users.get(id).public_metadata.active_tenant_id;
  }

  /** The next requests are answered so, one each: a status, `{status, retryAfter}`, or 'hang' for no answer at all. */
  answerNext(...answers) {
    this.#script.push(...answers);
  }

  /** A session token of version 2, with the custom claim of docs/clerk.md. */
  sessionToken(id, claims = {}) {
    const now = Math.floor(Date.now() / 1000);
    return this.issuer.token(
      {
        active_tenant_id: this.activeTenantOf(id) ?? null,
        azp: this.origin,
        exp: now + 60,
        fea: 'u:sync,o:dashboard',
        fva: [0, -1],
        iat: now,
        jti: randomUUID().replaceAll('-', '').slice(0, 20),
        nbf: now - 10,
        pla: 'u:free,o:pro',
        sid: `sess_${randomUUID().replaceAll('-', '')}`,
        sts: 'active',
        sub: id,
        v: 2,
        ...claims,
      },
      { cat: 'cl_B7d4PD111AAA' },
    );
  }

  /** What the dashboard shows as "JWKS Public Key". */
  get jwtKey() {
    return createPublicKey({ key: this.issuer.jwks.keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  }

  /** A configuration of mycouch with this as the one application's provider. */
  configuration() {
    return this.issuer.configuration({
      settings: [
        `clerk_secret_key = "${this.secretKey}"`,
        `clerk_api_url = "${this.url}"`,
        `authorized_parties = ["${this.origin}"]`,
      ].join('\n'),
    });
  }

  async #handle(request, response) {
    const at = performance.now();
    let text = '';
    for await (const piece of request) text += piece;
    const scripted = this.#script.shift();
    if (scripted === 'hang') {
      this.requests.push({ at, status: 'hang' });
      this.#hanging.add(response);
      return;
    }
    const answer = this.#check(request, text) ?? this.#scripted(scripted) ?? this.#apply(request, text);
    const user = decodeURIComponent(request.url.split('/')[3] ?? '');
    this.requests.push({ at, user, metadata: text, status: answer.status });
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.fields });
    response.end(JSON.stringify(answer.body));
  }

  /** The error of a request that no caller should send. */
  #check(request, text) {
    const mistake = (what, answer) => {
      this.mistakes.push(what);
      return answer;
    };
    if (request.headers.authorization !== `Bearer ${this.secretKey}`) {
      return mistake('authorization', error(401, 'clerk_key_invalid', 'The provided Clerk Secret Key is invalid.'));
    }
    if (!/^\/v1\/users\/[A-Za-z0-9_.~%-]+\/metadata$/.test(request.url)) {
      return mistake(`path ${request.url}`, error(404, 'not_found', 'Not found'));
    }
    if (request.method !== 'PATCH') return mistake(`method ${request.method}`, error(405, 'method_not_allowed', 'Method not allowed'));
    if (request.headers['content-type'] !== 'application/json') {
      return mistake('content type', error(415, 'unsupported_content_type', 'The Content-Type must be application/json'));
    }
    let body;
    try {
      body = JSON.parse(text);
    } catch {
      return mistake('no JSON', error(400, 'request_body_invalid', 'The request body is invalid'));
    }
    if (!isObject(body)) return mistake('no object', error(400, 'request_body_invalid', 'The request body is invalid'));
    for (const [name, value] of Object.entries(body)) {
      if (!metadataKinds.includes(name)) return mistake(name, error(422, 'form_param_unknown', `${name} is not a valid parameter`));
      if (!isObject(value)) return mistake(name, error(422, 'form_param_format_invalid', `${name} must be an object`));
    }
    return undefined;
  }

  #scripted(answer) {
    if (answer === undefined) return undefined;
    const { status, retryAfter } = typeof answer === 'number' ? { status: answer } : answer;
    const fields = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
    if (status === 429) return error(429, 'too_many_requests', 'Too many requests. Please try again in a bit.', fields);
    return error(status, 'internal_clerk_error', 'There was an internal error on our servers.', fields);
  }

  #apply(request, text) {
    const id = decodeURIComponent(request.url.split('/')[3]);
    const user = this.users.get(id);
    if (!user) return error(404, 'resource_not_found', 'not found');
    merge(user, JSON.parse(text));
    return { status: 200, fields: {}, body: user };
  }
}

/** `body(clerk)` with one that is gone afterwards; it must not have been sent anything wrong. */
export async function withClerk(body) {
  const clerk = await new Clerk().start();
  try {
    await body(clerk);
    if (clerk.mistakes.length > 0) throw new Error(`requests that Clerk's API does not take: ${clerk.mistakes.join(', ')}`);
  } finally {
    await clerk.stop();
  }
}
