// Random requests, episode by episode, to both servers; each episode has a database of its own on both.
import { isDeepStrictEqual } from 'node:util';

import { intended, reduced } from './differences.mjs';
import { Episode } from './episode.mjs';
import { Random } from './random.mjs';
import { kinds } from './requests.mjs';
import { Side } from './side.mjs';

const requestsOfAnEpisode = 150;
const episodesAtOnce = 4;

const weights = Object.fromEntries(Object.entries(kinds).map(([name, [, weight]]) => [name, weight]));

/**
 * `{requests, intended: {reason: count}, differences: [{seed, episode, number, kind, request, couch, ours}]}`. `couch` and
 * `ours` are `{url, authorization}`.
 */
export async function compare({ couch, ours, seed, requests, only, mostDifferences = 20 }) {
  const result = { requests: 0, intended: {}, differences: [] };
  let next = only ?? 0;
  const work = async () => {
    while (result.requests < requests && result.differences.length < mostDifferences) {
      const episode = next++;
      await runEpisode({ couch, ours, seed, episode, result });
      if (only !== undefined) return;
    }
  };
  await Promise.all(Array.from({ length: only === undefined ? episodesAtOnce : 1 }, work));
  return result;
}

async function runEpisode({ couch, ours, seed, episode: number, result }) {
  const known = new Set();
  const random = new Random(seed * 1_000_003 + number);
  const episode = new Episode(random, known, `differential-${process.pid}-${seed}-${number}`);
  const sides = [couch, ours].map(({ url, authorization }) => new Side(url, authorization, known));
  try {
    // One shard: CouchDB's feeds are then in order.
    await Promise.all(sides.map((side) => side.send({ method: 'PUT', path: `${episode.path}?q=1&n=1` })));
    episode.requests = 1;
    while (episode.requests <= requestsOfAnEpisode && !episode.undecided) {
      const kind = random.weighted(weights);
      const request = kinds[kind][0](episode);
      const [theirs, mine] = (await Promise.all(sides.map((side) => side.send(request)))).map(reduced);
      episode.requests += 1;
      result.requests += 1;
      const { learn, ...shown } = request;
      if (!isDeepStrictEqual(theirs, mine)) {
        const reason = intended.find(({ applies }) => applies(request, theirs, mine))?.reason;
        if (!reason) {
          result.differences.push({ seed, episode: number, number: episode.requests, kind, request: shown, couch: theirs, ours: mine });
          return;
        }
        result.intended[reason] = (result.intended[reason] ?? 0) + 1;
        // What the two hold may differ from here on, where only one of them has written.
        if (theirs.status < 300 !== mine.status < 300) return;
      }
      learn?.(theirs);
      episode.observe(theirs);
    }
  } finally {
    await Promise.all(sides.map((side) => side.send({ method: 'DELETE', path: episode.path }).finally(() => side.close())));
  }
}
