import '@fontsource-variable/figtree/wght.css';
import { render } from 'preact';

import { App } from './app';
import { listenToParent } from './framed';
import { start } from './state';
import './style.css';

render(<App />, document.getElementById('app') as HTMLElement);
void start();
listenToParent();

// The development server of Vite has no service worker: it would keep the page from changing.
if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  void navigator.serviceWorker.register(`${import.meta.env.BASE_URL}service-worker.js`);
}
