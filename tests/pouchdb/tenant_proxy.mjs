// A server that is to PouchDB's own suites what CouchDB is to its administrator, and behind which a user of a tenant asks
// mycouch: /{db}/… becomes /__tenants/{tenant}/{db}/…, with the user's token. The development issuer signs the user in.
//
//     mycouch dev --application-databases 'test*,issue*,with*' --application-tenant-field ''
//     node tests/pouchdb/tenant_proxy.mjs --server http://127.0.0.1:5985 --data data --port 5986
//
// The suites also make and delete databases, compact them, and so on: what CouchDB lets only an administrator do, and
// mycouch too. These requests go as mycouch's administrator, and those of them that are of a database's contents within
// the same tenant. All others are the user's.
//
// An application that names its databases by a pattern lacks none: one comes to be when a user asks for it. Of those that
// the suites have not made, or have deleted, the proxy says itself that they are not there.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const administratorsOwn = {
  POST: ['_compact', '_view_cleanup', '_purge'],
  PUT: ['_revs_limit', '_purged_infos_limit', '_security'],
};

// Of one connection, not of the message (RFC 9110, section 7.6.1); and what the proxy says itself.
const ownFields = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'host', 'authorization']);

const noDatabase = '{"error":"not_found","reason":"Database does not exist."}\n';

// A token is changed while it can still be used for this long, or for half its life where that is shorter.
const refreshAheadSeconds = 60;

async function postJson(url, body, authorization) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** A user of the development issuer, with a token that is good for a while yet. */
class SignedIn {
  #fetched;
  #refreshAt = 0;

  constructor(server, claims) {
    this.server = server;
    this.claims = claims;
  }

  /** Requests that come while a token is fetched share it. */
  authorization() {
    if (performance.now() >= this.#refreshAt) {
      this.#refreshAt = Infinity;
      this.#fetched = this.#fetch();
    }
    return this.#fetched;
  }

  /** Sets a first-time user up: the id of the active tenant. */
  async bootstrap() {
    const { active_tenant_id: tenant } = await postJson(`${this.server}/__bootstrap`, {}, await this.authorization());
    return tenant;
  }

  async #fetch() {
    const { access_token: token, expires_in: seconds } = await postJson(`${this.server}/_dev/token`, this.claims);
    this.#refreshAt = performance.now() + Math.max(seconds - refreshAheadSeconds, seconds / 2) * 1000;
    return `Bearer ${token}`;
  }
}

/** Where a request goes, of which database, whether as the administrator, and whether it makes or deletes that database. */
function route(method, target, tenant) {
  const [, database, rest = '', query = ''] = /^\/([^/?]*)(\/[^?]*)?(\?.*)?$/s.exec(target) ?? [];
  if (!database || database.startsWith('_')) return { target };
  if ((rest === '' || rest === '/') && (method === 'PUT' || method === 'DELETE')) {
    return { target, database, asAdministrator: true, ofLifetime: true };
  }
  const asAdministrator = administratorsOwn[method]?.some((name) => rest === `/${name}`);
  return { target: `/__tenants/${tenant}/${database}${rest}${query}`, database, asAdministrator };
}

function passedOn(rawHeaders) {
  const fields = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!ownFields.has(rawHeaders[i].toLowerCase())) fields.push(rawHeaders[i], rawHeaders[i + 1]);
  }
  return fields;
}

/**
 * Listens on a port of loopback (0: any): `{url, tenant, close()}`. `administrator` is the value of the administrator's
 * Authorization field, `claims` what the user's token is asked for with.
 */
export async function startProxy({ server, administrator, port = 0, claims = { sub: 'pouchdb' } }) {
  const user = new SignedIn(server, claims);
  const tenant = await user.bootstrap();
  const agent = new http.Agent({ keepAlive: true });
  const { host, hostname, port: serverPort } = new URL(server);
  const made = new Set();

  function follow(method, { database, ofLifetime }, status) {
    if (!ofLifetime) return;
    if (method === 'PUT' && (status === 201 || status === 412)) made.add(database);
    if (method === 'DELETE' && (status === 200 || status === 404)) made.delete(database);
  }

  function forward(request, response, to, authorization) {
    const { method } = request;
    const headers = [...passedOn(request.rawHeaders), 'Host', host, 'Authorization', authorization];
    const upstream = http.request({ hostname, port: serverPort, agent, method, path: to.target, headers });
    upstream.on('error', () => response.destroy());
    response.once('close', () => upstream.destroy());
    upstream.once('response', (answer) => {
      follow(method, to, answer.statusCode);
      response.writeHead(answer.statusCode, answer.statusMessage, passedOn(answer.rawHeaders));
      // A feed's head goes out before its first row.
      response.flushHeaders();
      pipeline(answer, response, () => {});
    });
    // Not a pipeline: an answer that comes before the whole body was read must not be lost with the rest of the body.
    request.pipe(upstream);
  }

  async function handle(request, response) {
    const to = route(request.method, request.url, tenant);
    if (to.database && !to.ofLifetime && !made.has(to.database)) {
      request.resume();
      response.writeHead(404, { 'Content-Type': 'application/json' }).end(noDatabase);
      return;
    }
    forward(request, response, to, to.asAdministrator ? administrator : await user.authorization());
  }

  const proxy = http.createServer((request, response) => {
    handle(request, response).catch((error) => {
      console.error(error);
      response.destroy();
    });
  });
  proxy.listen(port, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `http://127.0.0.1:${proxy.address().port}`,
    tenant,
    close() {
      proxy.close();
      proxy.closeAllConnections();
      agent.destroy();
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      server: { type: 'string', default: 'http://127.0.0.1:5985' },
      data: { type: 'string', default: 'data' },
      port: { type: 'string', default: '5986' },
    },
  });
  const password = (await readFile(path.join(values.data, 'admin.password'), 'utf8')).trim();
  const administrator = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
  const { url, tenant } = await startProxy({ server: values.server, administrator, port: Number(values.port) });
  console.log(`${url} is ${tenant} of ${values.server}`);
}
