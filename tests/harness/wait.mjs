// Waiting for a condition, with a deadline instead of a sleep.
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Calls `condition` until it returns something truthy, which is then the result. It may throw, which counts as not yet;
 * the deadline's error carries the last thing that it threw or returned.
 */
export async function eventually(what, condition, { seconds = 30, every = 20 } = {}) {
  const deadline = performance.now() + seconds * 1000;
  let last;
  do {
    try {
      last = await condition();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    await pause(every);
  } while (performance.now() < deadline);
  throw new Error(`not within ${seconds} s: ${what}`, { cause: last });
}

/** Resolves as `promise` does, or rejects at the deadline. */
export async function within(seconds, what, promise) {
  const abort = new AbortController();
  const deadline = pause(seconds * 1000, undefined, { signal: abort.signal, ref: true }).then(() => {
    throw new Error(`not within ${seconds} s: ${what}`);
  });
  deadline.catch(() => {});
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    abort.abort();
  }
}
