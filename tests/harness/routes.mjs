// The server's own list of what it serves.
import { execFileSync } from 'node:child_process';

import { binary } from './server.mjs';

const withinTenant = '/__tenants/{tenant}/{db}';

/** `[{method, path, access}]`, as `mycouch routes` prints it. */
export function servedRoutes() {
  return execFileSync(binary, ['routes'], { encoding: 'utf8' }).trim().split('\n').map((line) => JSON.parse(line));
}

/** Whether the route is a database's within a tenant: what is served under `/{db}` is served there too. */
export function isTwin({ path }) {
  return path === withinTenant || path.startsWith(`${withinTenant}/`);
}

/** The path under `/__tenants/{tenant}` of a route of `/{db}`. */
export function twinOf(path) {
  return `/__tenants/{tenant}${path}`;
}

export function isOfDatabase({ path }) {
  return path === '/{db}' || path.startsWith('/{db}/');
}

export function named({ method, path }) {
  return `${method} ${path}`;
}

/** The route of a request, as the server finds it: at each segment a literal goes before a parameter. */
export function routeOf(routes, method, target) {
  const asked = method === 'HEAD' ? 'GET' : method;
  const segments = target.split('/').filter(Boolean);
  return routes.filter((route) => route.method === asked && fits(route.path, segments)).sort((a, b) => compare(a.path, b.path))[0];
}

function patternSegments(path) {
  return path.split('/').filter(Boolean);
}

function fits(path, segments) {
  const pattern = patternSegments(path);
  const rest = pattern.at(-1)?.endsWith('...}');
  if (rest ? segments.length < pattern.length : segments.length !== pattern.length) return false;
  return pattern.every((part, i) => part.startsWith('{') || part === segments[i]);
}

// The better pattern first.
function compare(a, b) {
  const rank = (part) => (part === undefined ? 3 : part.endsWith('...}') ? 2 : part.startsWith('{') ? 1 : 0);
  const [first, second] = [patternSegments(a), patternSegments(b)];
  for (let i = 0; i < Math.max(first.length, second.length); i += 1) {
    const difference = rank(first[i]) - rank(second[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}
