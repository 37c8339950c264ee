// Keeps the whole app on the device, so that it starts without a network from the first visit on. The build fills in
// the files and a version that changes with them. The data are PouchDB's affair: requests to the server pass through.
const version = '__VERSION__';
const files = __FILES__;
const base = new URL('./', self.location).pathname;
const cacheName = `roady-${version}`;

self.addEventListener('install', (event) => {
  // Past the browser's own cache: what is kept here belongs together.
  const requests = files.map((file) => new Request(base + file, { cache: 'reload' }));
  event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll(requests)).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  const removeOld = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith('roady-') && name !== cacheName).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(removeOld());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin || !url.pathname.startsWith(base)) return;
  const answer = async () => {
    const key = request.mode === 'navigate' ? base : request;
    return (await caches.match(key, { ignoreSearch: true })) ?? fetch(request);
  };
  event.respondWith(answer());
});
