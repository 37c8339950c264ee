// Waiting: for a time, for the network to come back, or for the end.

/** Ends early, without an error, when `signal` is aborted. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}

/**
 * How long to wait after the nth failure in a row: doubling from a second to a minute, and of that a random part, so that
 * a restarted server does not meet all its clients at once.
 */
export function backoff(failures: number): number {
  const longest = Math.min(60_000, 1000 * 2 ** Math.min(failures, 10));
  return longest * (0.5 + Math.random() / 2);
}

/** A signal that is aborted with its parent, and by itself. */
export function child(parent?: AbortSignal): AbortController {
  const controller = new AbortController();
  const abort = () => controller.abort();
  if (parent?.aborted) abort();
  parent?.addEventListener('abort', abort, controller);
  return controller;
}

const wakers = ['online', 'offline', 'pageshow', 'visibilitychange'];

/**
 * Calls `listener` when the world around may have changed: the network came or went (`offline`), the page is shown again,
 * the machine woke up. Does nothing where there are no such events (Node).
 */
export function onWake(listener: (offline: boolean) => void): () => void {
  const end = new AbortController();
  const handle = ({ type }: { type: string }) => {
    if (!globalThis.document?.hidden || type.endsWith('line')) listener(type === 'offline');
  };
  for (const name of wakers) (globalThis as Partial<typeof globalThis>).addEventListener?.(name, handle, end);
  return () => end.abort();
}
