// A form or a choice above the screen: from the bottom on a phone, in the middle elsewhere. The browser's own dialog keeps
// the focus in it, closes it with Escape, and gives the focus back.
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

import { Icon } from './icons';

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

export function Sheet({ title, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const closeByBackdrop = (event: MouseEvent) => {
    if (event.target === dialog.current) onClose();
  };
  return (
    <dialog ref={dialog} class="sheet" aria-labelledby={titleId} onClose={onClose} onClick={closeByBackdrop}>
      <div class="sheet-body">
        <div class="sheet-head">
          <h2 id={titleId}>{title}</h2>
          <button type="button" class="round" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
