// The way to the server, with a switch: Roady can be taken offline by itself, to see what happens then.
import { signal } from '@preact/signals';

export const switchedOff = signal(false);

let cut = new AbortController();

/** As without a network: what is under way fails, and so does what is asked until the switch is turned again. */
export function setSwitchedOff(off: boolean): void {
  if (off === switchedOff.value) return;
  switchedOff.value = off;
  if (off) cut.abort();
  else cut = new AbortController();
  // What watches the browser's own network takes notice in the same way.
  window.dispatchEvent(new Event(off ? 'offline' : 'online'));
}

export const networkFetch: typeof fetch = async (input, init = {}) => {
  const { signal: switched } = cut;
  if (switched.aborted) throw new TypeError('Roady is switched offline');
  const own = init.signal;
  const either = new AbortController();
  const abort = () => either.abort();
  switched.addEventListener('abort', abort);
  own?.addEventListener('abort', abort);
  if (own?.aborted) abort();
  try {
    return await fetch(input, { ...init, signal: either.signal });
  } catch (error) {
    throw switched.aborted && !own?.aborted ? new TypeError('Roady is switched offline') : error;
  }
};
