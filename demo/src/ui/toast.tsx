// What has just been done, with a way to undo it.
import { signal } from '@preact/signals';

interface Toast {
  text: string;
  undo?: () => Promise<void>;
}

const shownFor = 8000; // milliseconds: long enough to reach the button with a keyboard or a screen reader

const toast = signal<Toast | null>(null);
let hiding: ReturnType<typeof setTimeout> | undefined;

export function showToast(text: string, undo?: () => Promise<void>): void {
  clearTimeout(hiding);
  toast.value = undo ? { text, undo } : { text };
  hiding = setTimeout(() => (toast.value = null), shownFor);
}

export function ToastRegion() {
  const shown = toast.value;
  const undo = async () => {
    toast.value = null;
    await shown?.undo?.();
  };
  return (
    <div class="toast-region" role="status">
      {shown && (
        <div class="toast">
          <span>{shown.text}</span>
          {shown.undo && (
            <button type="button" onClick={undo}>
              Undo
            </button>
          )}
        </div>
      )}
    </div>
  );
}
