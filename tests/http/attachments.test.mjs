// Attachments as CouchDB answers them: ranges, encodings, multipart both ways, bad input; and their memory.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';

import { withServer } from '../harness/server.mjs';

const timeout = 120_000;
const mebibyte = 1 << 20;

const md5 = (bytes) => createHash('md5').update(bytes).digest('base64');

/** The administrator's requests to a database of his: nothing is decoded or added on the way. */
class Client {
  constructor(server, authorization) {
    this.server = server;
    this.authorization = authorization;
  }

  static async open(server) {
    const client = new Client(server, await server.administrator());
    assert.equal((await client.request('PUT', '')).status, 201);
    return client;
  }

  /** `body` is a buffer, or an iterable of buffers; the answer's `body` is a buffer, `onData` takes it instead. */
  request(method, path, { headers = {}, body, onData } = {}) {
    return new Promise((resolve, reject) => {
      const request = http.request(`${this.server.url}/atts${path}`, {
        method,
        headers: { authorization: this.authorization, ...headers },
      });
      request.on('error', reject).on('response', (response) => {
        const pieces = [];
        response.on('data', onData ?? ((piece) => pieces.push(piece))).on('error', reject).on('end', () => {
          const bytes = Buffer.concat(pieces);
          resolve({
            status: response.statusCode,
            headers: response.headers,
            body: bytes,
            get json() { return JSON.parse(bytes); },
          });
        });
      });
      if (body === undefined || Buffer.isBuffer(body) || typeof body === 'string') request.end(body);
      else this.#stream(request, body).catch(reject);
    });
  }

  async #stream(request, pieces) {
    for (const piece of pieces) {
      if (!request.write(piece)) await new Promise((resolve) => request.once('drain', resolve));
    }
    request.end();
  }

  async put(path, type, body, headers = {}) {
    const answer = await this.request('PUT', path, { headers: { 'content-type': type, ...headers }, body });
    assert.equal(answer.status, 201, String(answer.body));
    return answer.json.rev;
  }

  async json(path) {
    const { status, json } = await this.request('GET', path, { headers: { accept: 'application/json' } });
    assert.equal(status, 200, JSON.stringify(json));
    return json;
  }
}

/** A multipart/related body of `document` and its `parts`, each `[header lines, content]`. */
function related(document, parts, { boundary = 'b', end = `\r\n--${boundary}--` } = {}) {
  const pieces = [`--${boundary}\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(document)}`];
  for (const [head, content] of parts) {
    pieces.push(`\r\n--${boundary}\r\n${head.map((line) => `${line}\r\n`).join('')}\r\n`, content);
  }
  return Buffer.concat([...pieces, end].map((piece) => Buffer.from(piece)));
}

const multipart = { headers: { 'content-type': 'multipart/related; boundary="b"' } };
const follows = (content, more = {}) => ({ follows: true, content_type: 'image/png', length: content.length, ...more });

/** The parts of a multipart answer, nested ones too: `{headers, body}` or `{headers, parts}`. */
function partsOf(type, bytes) {
  const boundary = /boundary="?([^"]+)"?/.exec(type)[1];
  return Buffer.from(`\r\n${bytes.toString('latin1')}`, 'latin1').toString('latin1').split(`\r\n--${boundary}`).slice(1, -1).map((text) => {
    const end = text.indexOf('\r\n\r\n');
    const headers = Object.fromEntries(text.slice(2, end).split('\r\n').map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]));
    const body = Buffer.from(text.slice(end + 4), 'latin1');
    return { headers, body, parts: headers['content-type']?.startsWith('multipart/') ? partsOf(headers['content-type'], body) : undefined };
  });
}

test('a part of an attachment can be asked for', { timeout }, withServer(async (server) => {
  const client = await Client.open(server);
  await client.put('/doc/file', 'image/png', '0123456789');
  const get = (range, method = 'GET') => client.request(method, '/doc/file', { headers: range ? { range } : {} });
  for (const [range, status, contentRange, body] of [
    ['bytes=0-3', 206, 'bytes 0-3/10', '0123'],
    ['bytes=7-', 206, 'bytes 7-9/10', '789'],
    ['bytes=-3', 206, 'bytes 7-9/10', '789'],
    ['bytes=8-100', 206, 'bytes 8-9/10', '89'],
    [undefined, 200, undefined, '0123456789'],
    ['bytes=0-', 200, undefined, '0123456789'],
    ['bytes=x', 200, undefined, '0123456789'],
    ['bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9', 200, undefined, '0123456789'],
  ]) {
    const answer = await get(range);
    assert.deepEqual([answer.status, answer.headers['content-range'], String(answer.body)], [status, contentRange, body], range);
    assert.equal(answer.headers['content-length'], String(body.length));
    assert.equal(answer.headers['accept-ranges'], 'bytes');
    assert.equal(answer.headers.etag, `"${md5('0123456789')}"`);
    const head = await get(range, 'HEAD');
    assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [status, String(body.length), 0]);
  }
  for (const range of ['bytes=10-', 'bytes=5-3', 'bytes=-0', 'bytes=0-1,30-40']) {
    const answer = await get(range);
    assert.deepEqual([answer.status, answer.json.error], [416, 'requested_range_not_satisfiable'], range);
  }
  const several = await get('bytes=0-1,3-4');
  assert.equal(several.status, 206);
  assert.deepEqual(partsOf(several.headers['content-type'], several.body).map(({ headers, body }) => [headers['content-range'], String(body)]),
    [['bytes 0-1/10', '01'], ['bytes 3-4/10', '34']]);
  const same = await client.request('GET', '/doc/file', { headers: { 'if-none-match': several.headers.etag } });
  assert.deepEqual([same.status, same.body.length], [304, 0]);
}));

test('text is stored as gzip, and decoded for whom does not take it', { timeout }, withServer(async (server) => {
  const client = await Client.open(server);
  const text = 'some text, '.repeat(10_000);
  await client.put('/doc/words', 'text/plain; charset=utf-8', text);
  const coded = await client.request('GET', '/doc/words', { headers: { 'accept-encoding': 'gzip' } });
  assert.deepEqual([coded.headers['content-encoding'], coded.headers['content-length']], ['gzip', String(coded.body.length)]);
  assert.equal(String(gunzipSync(coded.body)), text);
  const plain = await client.request('GET', '/doc/words', { headers: { range: 'bytes=0-3' } });
  assert.deepEqual([plain.status, plain.headers['content-encoding'], plain.headers['accept-ranges']], [200, undefined, 'none']);
  assert.equal(String(plain.body), text);
  const stub = (await client.json('/doc?att_encoding_info=true'))._attachments.words;
  assert.deepEqual(stub, {
    content_type: 'text/plain; charset=utf-8', revpos: 1, digest: `md5-${md5(coded.body)}`, length: text.length, stub: true,
    encoding: 'gzip', encoded_length: coded.body.length,
  });
  const inline = (await client.json('/doc?attachments=true'))._attachments.words;
  assert.equal(Buffer.from(inline.data, 'base64').toString(), text);
  assert.equal(inline.digest, stub.digest);
}));

test('what comes as gzip is kept as it is', { timeout }, withServer(async (server) => {
  const client = await Client.open(server);
  const bytes = gzipSync('hello');
  await client.put('/doc/words', 'text/plain', bytes, { 'content-encoding': 'gzip' });
  assert.equal(String((await client.request('GET', '/doc/words')).body), 'hello');
  const stub = (await client.json('/doc?att_encoding_info=true'))._attachments.words;
  assert.deepEqual([stub.digest, stub.length, stub.encoded_length], [`md5-${md5(bytes)}`, bytes.length, bytes.length]);
  await client.put('/lie/words', 'text/plain', 'no gzip', { 'content-encoding': 'gzip' });
  await assert.rejects(client.request('GET', '/lie/words'));
  const refused = await client.request('PUT', '/doc2/words', { headers: { 'content-encoding': 'br' }, body: 'x' });
  assert.deepEqual([refused.status, refused.json.error], [415, 'bad_content_type']);
}));

test('a document and its attachments come in one request, and go in one answer', { timeout }, withServer(async (server) => {
  const client = await Client.open(server);
  const image = randomBytes(300_000);
  const text = gzipSync('compressed text');
  const document = {
    n: 1,
    _attachments: {
      'i.png': follows(image, { digest: `md5-${md5(image)}` }),
      't.txt': { follows: true, content_type: 'text/plain', length: 15, encoding: 'gzip', encoded_length: text.length, digest: `md5-${md5(text)}` },
      'in.bin': { data: 'aGk=' },
    },
  };
  const body = related(document, [[['Content-Disposition: attachment; filename="t.txt"', 'Content-Encoding: gzip'], text], [[], image]]);
  const put = await client.request('PUT', '/doc', { ...multipart, body });
  assert.equal(put.status, 201, String(put.body));
  assert.deepEqual((await client.request('GET', '/doc/i.png')).body, image);
  assert.equal(String((await client.request('GET', '/doc/t.txt')).body), 'compressed text');

  const got = await client.request('GET', '/doc?attachments=true', { headers: { accept: 'multipart/related' } });
  assert.equal(got.headers['content-length'], String(got.body.length));
  const [json, ...parts] = partsOf(got.headers['content-type'], got.body);
  const read = JSON.parse(json.body);
  assert.deepEqual([read.n, read._attachments['i.png'].follows, read._attachments['t.txt'].encoded_length], [1, true, text.length]);
  assert.deepEqual(Object.keys(read._attachments), parts.map(({ headers }) => /filename="(.*)"/.exec(headers['content-disposition'])[1]));
  assert.deepEqual(parts.map(({ body: content }) => content), [image, text, Buffer.from('hi')]);
  // What one server sends, another takes.
  const copy = await client.request('PUT', '/doc2', { headers: { 'content-type': got.headers['content-type'] }, body: Buffer.from(got.body.toString('latin1').replace(/"_id":"doc","_rev":"[^"]*",/, ''), 'latin1') });
  assert.equal(copy.status, 201, String(copy.body));
  assert.deepEqual((await client.json('/doc2'))._attachments, (await client.json('/doc'))._attachments);

  const mixed = await client.request('GET', '/doc?open_revs=["3-a","' + put.json.rev + '"]', { headers: { accept: 'multipart/mixed' } });
  const revisions = partsOf(mixed.headers['content-type'], mixed.body);
  assert.deepEqual([revisions[1].headers['content-type'], String(revisions[1].body)], ['application/json; error="true"', '{"missing":"3-a"}']);
  assert.deepEqual(revisions[0].parts.map(({ body: content }) => content.length), [json.body.length, image.length, text.length, 2]);

  const bulk = await client.request('POST', '/_bulk_get', {
    headers: { 'content-type': 'application/json', accept: 'multipart/mixed' }, body: JSON.stringify({ docs: [{ id: 'doc' }, { id: 'none' }] }),
  });
  const entries = partsOf(bulk.headers['content-type'], bulk.body);
  assert.deepEqual([entries[0].headers['x-doc-id'], entries[0].headers['x-rev-id'], entries[0].parts.length], ['doc', put.json.rev, 4]);
  assert.equal(JSON.parse(entries[1].body).error, 'not_found');
}));

test('lists of documents tell how their attachments are stored, where that is asked for', { timeout }, withServer(async (server) => {
  const client = await Client.open(server);
  await client.put('/doc/words', 'text/plain', 'hello '.repeat(100));
  const options = 'include_docs=true&att_encoding_info=true';
  const listed = async (more = '') => [
    (await client.json(`/_changes?${options}${more}`)).results[0].doc,
    (await client.json(`/_all_docs?${options}${more}`)).rows[0].doc,
  ].map(({ _attachments }) => _attachments.words);
  const stub = (await client.json('/doc?att_encoding_info=true'))._attachments.words;
  assert.equal(stub.encoding, 'gzip');
  assert.deepEqual(await listed(), [stub, stub]);
  for (const { data, encoding, encoded_length: length } of await listed('&attachments=true')) {
    assert.deepEqual([Buffer.from(data, 'base64').length, encoding, length], [600, 'gzip', stub.encoded_length]);
  }
}));

test('only attachments that are newer than what is known are sent', { timeout }, withServer(async (server) => {
  const client = await Client.open(server);
  const first = await client.put('/doc/a', 'image/png', 'one');
  await client.put(`/doc/b?rev=${first}`, 'image/png', 'two');
  const { _attachments: { a, b } } = await client.json(`/doc?atts_since=["${first}","9-unknown"]`);
  assert.deepEqual([a.stub, b.data], [true, Buffer.from('two').toString('base64')]);
  const all = await client.json('/doc?atts_since=["9-unknown"]');
  assert.ok(all._attachments.a.data && all._attachments.b.data);
}));

test('what is wrong with an upload is told, and nothing of it stays', { timeout }, withServer(async (server) => {
  const client = await Client.open(server);
  const one = { _attachments: { a: follows('hello') } };
  const part = [[], 'hello'];
  for (const [what, body, status, error] of [
    ['too short', related({ _attachments: { a: follows('hello there') } }, [part]), 400, 'bad_request'],
    ['too long', related({ _attachments: { a: follows('hi') } }, [part]), 400, 'bad_request'],
    ['too few', related({ _attachments: { a: follows('hello'), b: follows('x') } }, [part]), 400, 'bad_request'],
    ['another digest', related({ _attachments: { a: follows('hello', { digest: `md5-${md5('x')}` }) } }, [part]), 400, 'content_md5_mismatch'],
    ['unknown encoding', related({ _attachments: { a: follows('hello', { encoding: 'br' }) } }, [part]), 400, 'bad_request'],
    ['another boundary', related(one, [part], { boundary: 'c' }), 400, 'bad_request'],
    ['cut off', related(one, [[[], 'hel']], { end: '' }), 400, 'bad_request'],
    ['no header', Buffer.from('--b\r\nno colon\r\n\r\n{}\r\n--b--'), 400, 'bad_request'],
    ['no JSON first', Buffer.from('--b\r\nContent-Type: text/plain\r\n\r\n{}\r\n--b--'), 415, 'bad_content_type'],
    ['nothing', Buffer.alloc(0), 400, 'bad_request'],
    ['a stub of nothing', related({ _attachments: { s: { stub: true }, a: follows('hello') } }, [part]), 412, 'missing_stub'],
  ]) {
    const answer = await client.request('PUT', '/doc', { ...multipart, body });
    assert.deepEqual([answer.status, answer.json.error], [status, error], what);
  }
  const unbounded = await client.request('PUT', '/doc', { headers: { 'content-type': 'multipart/related' }, body: related(one, [part]) });
  assert.equal(unbounded.status, 400);
  assert.equal((await client.request('GET', '/doc')).status, 404);
  // A part too many is passed over, and an end that is missing where nothing else is.
  assert.equal((await client.request('PUT', '/more', { ...multipart, body: related(one, [part, part]) })).status, 201);
  assert.equal((await client.request('PUT', '/open', { ...multipart, body: related(one, [part], { end: '' }) })).status, 201);

  for (const [path, headers, status, error] of [
    ['/doc/a', { 'content-md5': md5('x') }, 400, 'content_md5_mismatch'],
    ['/doc/a?rev=1-abc', {}, 409, 'not_found'],
    ['/open/a', {}, 409, 'conflict'],
    ['/doc/_a', {}, 400, 'bad_request'],
  ]) {
    const answer = await client.request('PUT', path, { headers, body: 'hello' });
    assert.deepEqual([answer.status, answer.json.error], [status, error], path);
  }
  await client.put('/doc/a', 'image/png', 'hello', { 'content-md5': md5('hello') });
}));

test('an attachment over the limit is refused however it comes', { timeout }, withServer(async (server) => {
  const client = await Client.open(server);
  const large = Buffer.alloc(mebibyte + 1);
  const alone = await client.request('PUT', '/doc/a', { body: large });
  assert.deepEqual([alone.status, alone.json], [413, { error: 'attachment_too_large', reason: 'a' }]);
  for (const attachment of [follows(large), { follows: true }]) {
    const answer = await client.request('PUT', '/doc', { ...multipart, body: related({ _attachments: { a: attachment } }, [[[], large]]) });
    assert.deepEqual([answer.status, answer.json.error], [413, 'attachment_too_large']);
  }
  await client.put('/doc/a', 'image/png', large.subarray(1));
}, { args: ['--limits-max-attachment', '1MiB'] }));

/**
 * `mebibytes` of content that is not the same anywhere: the pieces of one pass, and what each pass is checked against. No
 * pass holds more than a piece.
 */
class LargeContent {
  #piece = randomBytes(mebibyte);

  constructor(mebibytes) {
    this.count = mebibytes;
    this.length = mebibytes * mebibyte;
    this.digest = digestOf(this.pieces());
  }

  at(index) {
    const piece = Buffer.from(this.#piece);
    piece.writeUInt32BE(index);
    return piece;
  }

  * pieces() {
    for (let index = 0; index < this.count; ++index) yield this.at(index);
  }
}

function digestOf(pieces) {
  const hash = createHash('md5');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('base64');
}

// MYCOUCH_TEST_ATTACHMENT_MIB=1024 makes it as large as an attachment may be.
const largeMebibytes = Number(process.env.MYCOUCH_TEST_ATTACHMENT_MIB ?? 200);

test('a large attachment goes through a small server', { timeout: 120_000 + largeMebibytes * 2_000 }, withServer(async (server, t) => {
  const client = await Client.open(server);
  const content = new LargeContent(largeMebibytes);
  const got = async (path, headers = {}) => {
    const hash = createHash('md5');
    let bytes = 0;
    const { status } = await client.request('GET', path, { headers, onData: (data) => { bytes += data.length; hash.update(data); } });
    return { status, bytes, digest: hash.digest('base64') };
  };
  const step = async (what, run) => {
    await run();
    const peak = await server.peakMemory();
    t.diagnostic(`${what}: ${Math.round(peak / mebibyte)} MiB`);
    assert.ok(peak < 100e6, `${what}: ${peak} bytes`);
  };
  const stub = async (id) => (await client.json(`/${id}`))._attachments.file;

  await step('PUT', () => client.put('/doc/file', 'image/png', content.pieces()));
  assert.deepEqual([(await stub('doc')).digest, (await stub('doc')).length], [`md5-${content.digest}`, content.length]);
  await step('GET', async () => {
    assert.deepEqual(await got('/doc/file'), { status: 200, bytes: content.length, digest: content.digest });
  });
  await step('Range', async () => {
    const half = content.count / 2 * mebibyte;
    const secondHalf = function* () { for (let index = content.count / 2; index < content.count; ++index) yield content.at(index); };
    assert.deepEqual(await got('/doc/file', { range: `bytes=${half}-` }), { status: 206, bytes: half, digest: digestOf(secondHalf()) });
  });
  await step('multipart PUT', async () => {
    const document = { _attachments: { file: follows(content, { digest: `md5-${content.digest}` }) } };
    const body = function* () {
      yield related(document, [[[], '']], { end: '' });
      yield* content.pieces();
      yield Buffer.from('\r\n--b--');
    };
    const { status, body: answer } = await client.request('PUT', '/doc2', { ...multipart, body: body() });
    assert.equal(status, 201, String(answer));
    assert.equal((await stub('doc2')).digest, `md5-${content.digest}`);
  });
  await step('multipart GET', async () => {
    const { status, bytes } = await got('/doc2?attachments=true', { accept: 'multipart/related' });
    assert.ok(status === 200 && bytes > content.length);
  });
  await step('COPY', async () => {
    assert.equal((await client.request('COPY', '/doc', { headers: { destination: 'doc3' } })).status, 201);
    assert.deepEqual(await got('/doc3/file', { range: 'bytes=-1' }), { status: 206, bytes: 1, digest: md5(content.at(0).subarray(-1)) });
  });
  await step('JSON GET', async () => {
    const { status, bytes } = await got('/doc3?attachments=true', { accept: 'application/json' });
    assert.ok(status === 200 && bytes > content.length / 3 * 4);
  });
}));
