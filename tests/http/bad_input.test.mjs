// What a careless or hostile client sends: a CouchDB error with the right status, the connection usable or closed as
// HTTP says, nothing stored, memory bounded.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';

import { Connection } from '../harness/connection.mjs';
import { withServer } from '../harness/server.mjs';
import { User } from '../harness/users.mjs';

const timeout = 120_000;
const mebibyte = 1 << 20;

const nested = (depth) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
const bytes = (text) => Buffer.from(text, 'latin1');

// [what, method, path, body, status, error]; bodies are sent as application/json.
const documents = [
  ['an empty body', 'PUT', '/roady/x', '', 400, 'bad_request'],
  ['half an object', 'PUT', '/roady/x', '{"a":', 400, 'bad_request'],
  ['two objects', 'PUT', '/roady/x', '{}{}', 400, 'bad_request'],
  ['a trailing comma', 'PUT', '/roady/x', '{"a":1,}', 400, 'bad_request'],
  ['a bare word', 'PUT', '/roady/x', '{"a":nul}', 400, 'bad_request'],
  ['not a number', 'PUT', '/roady/x', '{"a":NaN}', 400, 'bad_request'],
  ['a control character', 'PUT', '/roady/x', '{"a":"\n"}', 400, 'bad_request'],
  ['half a surrogate', 'PUT', '/roady/x', '{"a":"\\ud800"}', 400, 'bad_request'],
  ['an array', 'PUT', '/roady/x', '[]', 400, 'bad_request'],
  ['a string', 'PUT', '/roady/x', '"x"', 400, 'bad_request'],
  ['a duplicate member', 'PUT', '/roady/x', '{"a":1,"a":1}', 400, 'bad_request'],
  ['a duplicate member deep inside', 'PUT', '/roady/x', '{"a":[{"b":{"c":1,"\\u0063":2}}]}', 400, 'bad_request'],
  ['a duplicate _id', 'POST', '/roady/', '{"_id":"x","_id":"y"}', 400, 'bad_request'],
  ['invalid UTF-8', 'PUT', '/roady/x', bytes('{"a":"\xff"}'), 400, 'bad_request'],
  ['overlong UTF-8', 'PUT', '/roady/x', bytes('{"a":"\xc0\xaf"}'), 400, 'bad_request'],
  ['UTF-8 cut short', 'PUT', '/roady/x', bytes('{"a":"\xe2\x82"}'), 400, 'bad_request'],
  ['nesting over 1,000', 'PUT', '/roady/x', nested(1100), 400, 'bad_request'],
  ['a million brackets', 'PUT', '/roady/x', '['.repeat(900_000), 400, 'bad_request'],
  ['an empty id', 'POST', '/roady/', '{"_id":""}', 400, 'illegal_docid'],
  ['an id that is no string', 'POST', '/roady/', '{"_id":7}', 400, 'illegal_docid'],
  ['an id that begins with _', 'PUT', '/roady/_x', '{}', 400, 'illegal_docid'],
  ['an _id that begins with _', 'POST', '/roady/', '{"_id":"_x"}', 400, 'illegal_docid'],
  ['an id that is only _local/', 'PUT', '/roady/_local/', '{}', 400, 'bad_request'],
  ['a _local id of 10,000 bytes', 'PUT', `/roady/_local/${'x'.repeat(10_000)}`, '{}', 400, 'illegal_docid'],
  ['a _local id of 10,000 bytes to read', 'GET', `/roady/_local/${'x'.repeat(10_000)}`, undefined, 400, 'illegal_docid'],
  ['a _local _id of 10,000 bytes', 'POST', '/roady/_bulk_docs', `{"docs":[{"_id":"_local/${'x'.repeat(10_000)}"}]}`, 400, 'illegal_docid'],
  ['an id of 10,000 bytes', 'PUT', `/roady/${'x'.repeat(10_000)}`, '{}', 400, 'illegal_docid'],
  ['an _id of 10,000 bytes', 'POST', '/roady/', `{"_id":"${'x'.repeat(10_000)}"}`, 400, 'illegal_docid'],
  ['an id that is not UTF-8', 'PUT', '/roady/%ff', '{}', 400, 'bad_request'],
  ['an id with a malformed escape', 'PUT', '/roady/%zz', '{}', 400, 'bad_request'],
  ['an unknown member with _', 'PUT', '/roady/x', '{"_bogus":1}', 400, 'doc_validation'],
  ['a malformed _rev', 'PUT', '/roady/x', '{"_rev":"latest"}', 400, 'bad_request'],
  ['a malformed rev', 'PUT', '/roady/x?rev=latest', '{}', 400, 'bad_request'],
  ['another tenant\'s field', 'PUT', '/roady/x', '{"tenant":"tenant_other"}', 403, 'forbidden'],
  ['a document over its limit', 'PUT', '/roady/x', `{"a":"${'x'.repeat(600_000)}"}`, 413, 'too_large'],
  ['a body over the limit', 'PUT', '/roady/x', `{"a":"${'x'.repeat(2 * mebibyte)}"}`, 413, 'too_large'],

  ['no docs', 'POST', '/roady/_bulk_docs', '{}', 400, 'bad_request'],
  ['docs that are no list', 'POST', '/roady/_bulk_docs', '{"docs":{}}', 400, 'bad_request'],
  ['a list in place of the object', 'POST', '/roady/_bulk_docs', '[{}]', 400, 'bad_request'],
  ['a document that is a number', 'POST', '/roady/_bulk_docs', '{"docs":[{"_id":"x"},7]}', 400, 'bad_request'],
  ['new_edits that is no boolean', 'POST', '/roady/_bulk_docs', '{"docs":[{"_id":"x"}],"new_edits":1}', 400, 'bad_request'],
  ['half a list of documents', 'POST', '/roady/_bulk_docs', '{"docs":[{"_id":"x"},{"_id":"y"', 400, 'bad_request'],
  ['a duplicate member in the last document', 'POST', '/roady/_bulk_docs', '{"docs":[{"_id":"x"},{"a":1,"a":2}]}', 400, 'bad_request'],
  ['another media type', 'POST', '/roady/_bulk_docs', 'docs=1', 415, 'bad_content_type', 'application/x-www-form-urlencoded'],
  ['_revs_diff of a list', 'POST', '/roady/_revs_diff', '[]', 400, 'bad_request'],
  ['_revs_diff of a number', 'POST', '/roady/_revs_diff', '{"x":1}', 400, 'bad_request'],
  ['_revs_diff of malformed revisions', 'POST', '/roady/_revs_diff', '{"x":["latest"]}', 400, 'bad_request'],
  ['10,001 documents', 'POST', '/roady/_bulk_docs', JSON.stringify({ docs: Array(10_001).fill({}) }), 413, 'too_large'],
  ['10,001 documents to read', 'POST', '/roady/_bulk_get', JSON.stringify({ docs: Array(10_001).fill({ id: 'x' }) }), 413, 'too_large'],
  ['10,001 ids', 'POST', '/roady/_revs_diff', `{${Array.from({ length: 10_001 }, (_, i) => `"${i}":[]`)}}`, 413, 'too_large'],
  ['100,001 revisions', 'POST', '/roady/_missing_revs', JSON.stringify({ x: Array(100_001).fill('1-a') }), 413, 'too_large'],
  ['10,001 keys', 'POST', '/roady/_all_docs', JSON.stringify({ keys: Array(10_001).fill('x') }), 413, 'too_large'],
  ['10,001 doc_ids', 'POST', '/roady/_changes?filter=_doc_ids', JSON.stringify({ doc_ids: Array(10_001).fill('x') }), 413, 'too_large'],
  ['_bulk_get without docs', 'POST', '/roady/_bulk_get', '{}', 400, 'bad_request'],
  ['_all_docs with keys that are no list', 'POST', '/roady/_all_docs', '{"keys":1}', 400, 'bad_request'],
];

const queries = [
  ['/roady/_changes?since=x', 'bad_request'],
  ['/roady/_changes?since=-1', 'bad_request'],
  ['/roady/_changes?limit=-1', 'query_parse_error'],
  ['/roady/_changes?limit=x', 'query_parse_error'],
  ['/roady/_changes?limit=99999999999999999999', 'query_parse_error'],
  ['/roady/_changes?feed=sideways', 'bad_request'],
  ['/roady/_changes?style=baroque', 'bad_request'],
  ['/roady/_changes?heartbeat=x', 'bad_request'],
  ['/roady/_changes?timeout=-5', 'bad_request'],
  ['/roady/_all_docs?limit=-1', 'query_parse_error'],
  ['/roady/_all_docs?limit=x', 'query_parse_error'],
  ['/roady/_all_docs?skip=-1', 'query_parse_error'],
  ['/roady/_all_docs?descending=perhaps', 'query_parse_error'],
  ['/roady/_all_docs?startkey=x', 'bad_request'],
  ['/roady/_all_docs?keys=%7B%7D', 'bad_request'],
  ['/roady/_all_docs?limit=%zz', 'bad_request'],
  ['/roady/there?rev=x', 'bad_request'],
  ['/roady/there?open_revs=x', 'bad_request'],
];

/** Sends one request after another over one connection, for as long as the server keeps it. */
class Client {
  #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  connections = new Set();

  constructor(server, token) {
    this.server = server;
    this.token = token;
  }

  send(method, path, body, type = 'application/json') {
    return new Promise((resolve, reject) => {
      const request = http.request(this.server.url + path, {
        method,
        agent: this.#agent,
        headers: {
          authorization: `Bearer ${this.token}`,
          ...(body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
        },
      });
      request.once('socket', (socket) => this.connections.add(socket));
      // A server that refuses a body may close before it has read it all; its answer counts, if it came.
      request.once('error', reject);
      request.once('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece) => (text += piece));
        response.once('end', () => resolve({ status: response.statusCode, headers: response.headers, body: JSON.parse(text) }));
      });
      request.end(body);
    });
  }

  close() {
    this.#agent.destroy();
  }
}

const limits = ['--limits-max-body', '1MiB', '--limits-max-document-size', '500000', '--limits-head-timeout', '2s', '--limits-body-timeout', '2s'];

async function prepare(server) {
  const user = await new User(server, 'alice').signIn();
  const { status } = await user.request('PUT', '/roady/there', { json: { here: true } });
  assert.equal(status, 201);
  return { user, before: (await user.request('GET', '/roady/')).body };
}

function assertError(answer, status, error) {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.equal(answer.body.error, error, JSON.stringify(answer.body));
  assert.equal(typeof answer.body.reason, 'string');
}

async function assertNothingStored(user, before) {
  assert.deepEqual((await user.request('GET', '/roady/')).body, before);
  assert.equal((await user.request('GET', '/roady/x')).status, 404);
}

test('bad bodies and bad ids are refused, and the connection goes on', { timeout }, withServer(async (server, t) => {
  const { user, before } = await prepare(server);
  const client = new Client(server, await user.token());
  for (const [what, method, path, body, status, error, type] of documents) {
    await t.test(what, async () => {
      const answer = await client.send(method, path, body, type);
      assertError(answer, status, error);
      const next = await client.send('GET', '/roady/there');
      assert.equal(next.status, 200, 'the next request is answered');
    });
  }
  // One connection for all, but for those that a refused body ends.
  assert.ok(client.connections.size <= 1 + documents.filter(([, , , , status]) => status === 413).length, `${client.connections.size} connections`);
  client.close();
  await assertNothingStored(user, before);
}, { args: limits }));

test('bad options are refused', { timeout }, withServer(async (server, t) => {
  const { user } = await prepare(server);
  for (const [path, error] of queries) {
    await t.test(path, async () => assertError(await user.request('GET', path), 400, error));
  }
}));

test('what is good to the last is stored as it came', { timeout }, withServer(async (server) => {
  const { user } = await prepare(server);
  const longestId = 'x'.repeat(512);
  for (const [path, body] of [
    ['/roady/nested', nested(990)],
    ['/roady/numbers', '{"a":123456789012345678901234567890,"b":1.10,"c":-0,"d":1e400}'],
    [`/roady/${longestId}`, '{"a":"é😀\\u0000"}'],
    [`/roady/${encodeURIComponent('a/b c+ü_%')}`, '{"":{}}'],
  ]) {
    const { status, body: written } = await user.request('PUT', path, { body });
    assert.equal(status, 201, JSON.stringify(written));
    const raw = await fetch(server.url + path, { headers: { authorization: `Bearer ${await user.token()}` } });
    assert.ok((await raw.text()).includes(body.slice(1, -1)), path);
  }
}));

test('a request whose fields mean two things is refused, and the connection goes on', { timeout }, withServer(async (server) => {
  const { user, before } = await prepare(server);
  const authorization = `Authorization: Bearer ${await user.token()}\r\n`;
  const connection = await Connection.open(server);
  for (const [fields, status, error] of [
    [`${authorization}Authorization: Basic YWRtaW46eA==\r\n`, 400, 'bad_request'],
    [`${authorization}${authorization}`, 400, 'bad_request'],
    [`${authorization}Content-Encoding: gzip\r\n`, 415, 'bad_content_type'],
    [`${authorization}Content-Encoding: identity\r\nContent-Encoding: gzip\r\n`, 415, 'bad_content_type'],
  ]) {
    await connection.send(`PUT /roady/x HTTP/1.1\r\nHost: x\r\n${fields}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`);
    assertError(await connection.answer(), status, error);
  }
  await assertNothingStored(user, before);
  await connection.send(`PUT /roady/y HTTP/1.1\r\nHost: x\r\n${authorization}Content-Encoding: Identity\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`);
  assert.equal((await connection.answer()).status, 201);
  connection.end();
}));

test('a body of the virtual tables is at most 1 MiB', { timeout }, withServer(async (server) => {
  const { user } = await prepare(server);
  const big = JSON.stringify({ name: 'x'.repeat(mebibyte) });
  for (const [method, path] of [['PUT', '/__users/_me'], ['POST', '/__tenants']]) {
    const client = new Client(server, await user.token());
    assertError(await client.send(method, path, big), 413, 'too_large');
    client.close();
  }
}));

const halves = [
  ['a request line cut short', 'GET /roa', 408, 'request_timeout'],
  ['a head cut short', 'GET /roady/ HTTP/1.1\r\nHost: x\r\nAccept: ', 408, 'request_timeout'],
  ['a body cut short', 'PUT /roady/x HTTP/1.1\r\nHost: x\r\nAUTH\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"a":', 408, 'request_timeout'],
  ['a chunked body that never ends', 'PUT /roady/x HTTP/1.1\r\nHost: x\r\nAUTH\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n', 408, 'request_timeout'],
  ['a malformed chunk', 'PUT /roady/x HTTP/1.1\r\nHost: x\r\nAUTH\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{"a":\r\n', 400, 'bad_request'],
  ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400, 'bad_request'],
  ['a malformed request line', 'GET\r\n\r\n', 400, 'bad_request'],
  ['a malformed field', 'GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n', 400, 'bad_request'],
  ['a Content-Length that is no number', 'PUT /roady/x HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n', 400, 'bad_request'],
  ['two Content-Lengths', 'PUT /roady/x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}', 400, 'bad_request'],
  ['a Content-Length beside a Transfer-Encoding', 'PUT /roady/x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400, 'bad_request'],
  ['a field of 100 KB', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
  ['a target of 100 KB', `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414],
  ['a body that is declared over the limit', `PUT /roady/x HTTP/1.1\r\nHost: x\r\nAUTH\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n`, 413, 'too_large'],
];

test('half requests and broken ones are answered and their connections closed', { timeout }, withServer(async (server, t) => {
  const { user, before } = await prepare(server);
  const authorization = `Authorization: Bearer ${await user.token()}`;
  await Promise.all(halves.map(([what, text, status, error]) => t.test(what, async () => {
    const connection = await Connection.open(server);
    await connection.send(text.replace('AUTH', authorization));
    const answer = await connection.answer();
    assert.ok(answer, 'an answer before the connection is closed');
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    assert.equal(typeof answer.body.reason, 'string');
    if (error) assert.equal(answer.body.error, error);
    await connection.closed();
  })));
  await assertNothingStored(user, before);
}, { args: limits }));

test('pipelined requests are answered in their order', { timeout }, withServer(async (server) => {
  const { user } = await prepare(server);
  const head = `Host: x\r\nAuthorization: Bearer ${await user.token()}\r\n`;
  const connection = await Connection.open(server);
  await connection.send(
    `GET /roady/there HTTP/1.1\r\n${head}\r\nPUT /roady/piped HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}` +
      `GET /roady/none HTTP/1.1\r\n${head}\r\nHEAD /_up HTTP/1.1\r\n${head}Connection: close\r\n\r\n`,
  );
  const statuses = [];
  for (let i = 0; i < 3; ++i) statuses.push((await connection.answer()).status);
  assert.deepEqual(statuses, [200, 201, 404]);
  await connection.closed();
}));
