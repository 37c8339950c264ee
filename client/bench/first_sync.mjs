// A first sync of 10,000 documents, with PouchDB's replication as it comes and with the library: time, processor time of
// this process, and requests. In Node, with PouchDB's memory adapter, so that the disk is out of it.
//
//   node client/bench/first_sync.mjs [DOCUMENTS] [ROUND TRIP in ms, 0]
import { localDatabase, remoteDatabase } from '../../tests/harness/pouch.mjs';
import { User } from '../../tests/harness/users.mjs';
import { Device, withServer } from '../test/device.mjs';

const [count = 10_000, roundTripMs = 0] = process.argv.slice(2).map(Number);
const rounds = 3;
const pause = () => new Promise((resolve) => setTimeout(resolve, roundTripMs));

async function measured(name, work) {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const requests = await work();
  const { user, system } = process.cpuUsage(cpu);
  console.log(`${name.padEnd(8)} ${Math.round(performance.now() - began)} ms, ${Math.round((user + system) / 1000)} ms of processor, ${requests} requests`);
}

await withServer(async (server) => {
  const user = await new User(server, 'alice').signIn();
  for (let from = 0; from < count; from += 1000) {
    const docs = Array.from({ length: 1000 }, (_, i) => ({ _id: `equipment_${from + i}`, type: 'equipment', notes: 'x'.repeat(300) }));
    await user.request('POST', '/roady/_bulk_docs', { json: { docs } });
  }
  for (let round = 0; round < rounds; ++round) {
    await measured('PouchDB', async () => {
      let requests = 0;
      const counting = { server, token: async () => ((requests += 1), await pause(), user.token()) };
      await localDatabase().replicate.from(remoteDatabase(counting, '/roady'));
      return requests;
    });
    const device = new Device(server, 'alice');
    const { send } = device;
    device.send = async (url, options) => (await pause(), send(url, options));
    await device.manager.initializeTenantContext();
    device.requests.length = 0;
    await measured('library', async () => {
      const database = device.manager.openDatabase('roady');
      await new Promise((resolve) => database.on('status', ({ state }) => state === 'uptodate' && resolve()));
      return device.requests.length;
    });
  }
})({ diagnostic() {} });
