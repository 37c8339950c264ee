// `mycouch copy` from a server's own disk to a CouchDB, and back: nothing is lost on the way.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

import { binary, withServer } from '../harness/server.mjs';
import { notRocksDb, startStore } from '../harness/upstream.mjs';
import { User } from '../harness/users.mjs';

const timeout = 240_000;

/** Standard output; the command must succeed. */
function copy(folder, ...args) {
  return new Promise((resolve, reject) => {
    execFile(binary, ['copy', ...args], { cwd: folder }, (error, output, complaints) => {
      if (error) reject(new Error(`mycouch copy: ${error.code}\n${output}${complaints}`));
      else resolve(output);
    });
  });
}

async function fill(server, name) {
  const user = await new User(server, name).signIn();
  const put = async (target, json) => {
    const { status, body } = await user.request('PUT', target, { json });
    assert.equal(status, 201, JSON.stringify(body));
    return body.rev;
  };
  const revs = [];
  for (let i = 0; i < 10; i += 1) revs.push(await put(`/roady/d${i}`, { n: i, of: name }));
  await put('/roady/d1?new_edits=false', { _rev: '1-zz', n: 'conflict' });
  const removed = await user.request('DELETE', `/roady/d2?rev=${revs[2]}`);
  assert.equal(removed.status, 200);
  await put('/roady/_local/checkpoint', { at: 7 });
  const attachments = {
    text: { content_type: 'text/plain', data: Buffer.from('hello '.repeat(3000)).toString('base64') },
    bytes: { content_type: 'image/png', data: Buffer.alloc(200_000, 7).toString('base64') },
  };
  await put('/roady/attached', { _attachments: attachments });
  const made = await user.request('POST', '/__tenants', { json: { name: `${name}'s band` } });
  assert.equal(made.status, 201);
}

test('a store comes to a CouchDB and back as it was', { timeout, skip: notRocksDb }, withServer(async (server) => {
  for (const name of ['alice', 'bob']) await fill(server, name);
  const kind = process.env.MYCOUCH_TEST_COUCHDB_URL ? 'couchdb' : 'couch';
  const { upstream, url, prefix } = await startStore(binary, kind);
  try {
    const disk = `rocksdb:${path.join(server.data, 'store')}`;
    const back = `rocksdb:${path.join(server.folder, 'back')}`;
    const there = await copy(server.folder, '--from', disk, '--to', url, '--store-name-prefix', prefix);
    assert.match(there, /^Copied: 2[0-9] documents .*4 attachments.*2 local documents/);
    assert.match(there, /all alike\n$/);
    assert.match(await copy(server.folder, '--from', disk, '--to', url, '--store-name-prefix', prefix), /^Nothing new\.\n.*all alike\n$/);
    await copy(server.folder, '--from', url, '--to', back, '--store-name-prefix', prefix);
    assert.match(await copy(server.folder, '--from', disk, '--to', back, '--verify'), /all alike\n$/);
  } finally {
    await upstream.stop();
  }
}));
