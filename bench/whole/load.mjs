// The tools that make load: wrk over HTTP, and RocksDB's own db_bench.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('.', import.meta.url));
export const connections = 32;

/** Requests a second, GET unless a Lua script of this folder says otherwise. Throws where any was not answered 2xx. */
export async function wrk(contender, target, { seconds, script, args = [] }) {
  const options = ['-t2', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s'];
  if (contender.authorization) options.push('-H', `Authorization: ${contender.authorization}`);
  if (script) options.push('-s', folder + script);
  const { stdout } = await run('wrk', [...options, contender.url + target, ...(script ? ['--', ...args] : [])]);
  const trouble = /^\s*(Non-2xx|Socket errors).*$/m.exec(stdout);
  if (trouble) throw new Error(`${contender.name}: ${target}: ${trouble[0].trim()}`);
  return Number(/^Requests\/sec:\s+([\d.]+)/m.exec(stdout)[1]);
}

/** Writes a second of 32 threads, each waiting for the disk. */
export async function dbBench(directory, valueBytes, seconds) {
  const { stdout } = await run('db_bench', [
    '--benchmarks=fillrandom', '--sync=1', `--threads=${connections}`, `--value_size=${valueBytes}`,
    `--duration=${seconds}`, `--db=${directory}`,
  ]);
  return Number(/^fillrandom.*?([\d.]+) ops\/sec/m.exec(stdout)[1]);
}
