// Roady in a frame, as on the development server's first page: the page around it can take it offline.
import { setSwitchedOff } from './network';

export interface NetworkMessage {
  kind: 'network';
  off: boolean;
}

export function listenToParent(): void {
  if (window.parent === window) return;
  document.documentElement.classList.add('framed');
  window.addEventListener('message', ({ origin, data }: MessageEvent<NetworkMessage>) => {
    if (origin === location.origin && data.kind === 'network') setSwitchedOff(data.off);
  });
}
