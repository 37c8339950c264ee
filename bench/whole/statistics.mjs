// Numbers of several rounds, in one.
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Seconds that `work()` took: the median of `times`. */
export async function medianSeconds(times, work) {
  const taken = [];
  for (let i = 0; i < times; i += 1) {
    const started = performance.now();
    await work();
    taken.push((performance.now() - started) / 1000);
  }
  return median(taken);
}
