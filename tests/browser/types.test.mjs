// The build of the demo drops its types without a look at them.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';

import { root } from '../harness/server.mjs';

test('Roady fits the types of the client library, and its own', { timeout: 120_000 }, async () => {
  const demo = path.join(root, 'demo');
  const { stdout } = await promisify(execFile)(process.execPath, [path.join(demo, 'node_modules/typescript/bin/tsc'), '--noEmit', '-p', demo]).catch((error) => error);
  assert.equal(stdout, '');
});
