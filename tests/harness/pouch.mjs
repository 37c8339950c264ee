// The real client: PouchDB, with its databases in memory.
import { randomUUID } from 'node:crypto';

import PouchDB from 'pouchdb';
import memoryAdapter from 'pouchdb-adapter-memory';

PouchDB.plugin(memoryAdapter);

export function localDatabase() {
  return new PouchDB(randomUUID(), { adapter: 'memory' });
}

/** A database of the server, with the user's token on each request and a fresh one after a 401. */
export function remoteDatabase(user, target, fetch = PouchDB.fetch) {
  const remote = new PouchDB(user.server.url + target, {
    fetch: async (url, options) => {
      const send = (token) => {
        options.headers.set('authorization', `Bearer ${token}`);
        return fetch(url, options);
      };
      const answer = await send(await user.token());
      return answer.status === 401 ? send(await user.freshToken()) : answer;
    },
  });
  return handlingFailuresOfInfo(remote);
}

// For its progress display, PouchDB's replication follows `info()` by a promise that nobody handles; where the server is
// down this would end the process, as Node has it. A browser only notes it.
function handlingFailuresOfInfo(database) {
  const info = database.info.bind(database);
  database.info = () => {
    const answered = info();
    const then = answered.then.bind(answered);
    answered.then = (...handlers) => {
      const followed = then(...handlers);
      followed.catch(() => {});
      return followed;
    };
    return answered;
  };
  return database;
}

/** As an app syncs, but for the waits between tries, which are short. */
export function liveSync(local, remote) {
  const sync = local.sync(remote, { live: true, retry: true, back_off_function: (delay) => Math.min(delay * 2 || 50, 500) });
  sync.failure = new Promise((_, reject) => sync.once('error', reject));
  sync.failure.catch(() => {});
  sync.end = async () => {
    const ended = new Promise((resolve) => sync.once('complete', resolve).once('error', resolve));
    sync.cancel();
    await ended;
  };
  return sync;
}

/** `{id: rev}` of every document that is not deleted. */
export async function revisions(database) {
  const { rows } = await database.allDocs();
  return Object.fromEntries(rows.map(({ id, value }) => [id, value.rev]));
}
