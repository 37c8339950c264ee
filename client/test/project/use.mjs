// The packed package in Node: signs in to the server that is named, writes, and waits until it is there.
import { TenantManager } from 'mycouch-client';
import PouchDB from 'pouchdb';
import memoryAdapter from 'pouchdb-adapter-memory';

const [url] = process.argv.slice(2);
let token;
const getToken = async ({ refresh } = {}) => {
  if (refresh) token = undefined;
  token ??= (await (await fetch(`${url}/_dev/token`, { method: 'POST', body: '{"sub":"alice"}' })).json()).access_token;
  return token;
};

const manager = new TenantManager({ url, getToken, PouchDB: PouchDB.plugin(memoryAdapter).defaults({ adapter: 'memory' }) });
await manager.initializeTenantContext();
const database = manager.openDatabase('roady');
await database.local.put({ _id: 'song', title: 'So What' });
await new Promise((resolve) => database.on('status', ({ state, pushed }) => state === 'uptodate' && pushed === 1 && resolve()));
await manager.signOut();
console.log('done');
