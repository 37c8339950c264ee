// Small parts that several screens share.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { reasonOf } from '../reason';
import { Icon, type IconName } from './icons';

interface ProgressProps {
  done: number;
  of: number;
  label: string;
}

export function Progress({ done, of, label }: ProgressProps) {
  const complete = of > 0 && done === of;
  return (
    <div class={complete ? 'progress complete' : 'progress'}>
      <span class="progress-label">{label}</span>
      <span class="progress-count">
        {done} of {of}
      </span>
      <progress value={done} max={of || 1} aria-label={label}>
        {done} of {of}
      </progress>
    </div>
  );
}

interface SearchProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
}

/** Reached by the key `/` from anywhere on the screen. */
export function Search({ label, value, onInput }: SearchProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const typing = (event.target as HTMLElement).closest('input, textarea, select, dialog');
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    window.addEventListener('keydown', focus);
    return () => window.removeEventListener('keydown', focus);
  }, []);
  return (
    <div class="search">
      <Icon name="search" size={20} />
      <input
        ref={input}
        type="search"
        aria-label={label}
        placeholder={label}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </div>
  );
}

interface StepperProps {
  label: string;
  value: number;
  min?: number;
  max?: number;
  onChange: (value: number) => void;
}

export function Stepper({ label, value, min = 0, max = 999, onChange }: StepperProps) {
  return (
    <div class="stepper" role="group" aria-label={label}>
      <button type="button" aria-label={`One less: ${label}`} disabled={value <= min} onClick={() => onChange(value - 1)}>
        <Icon name="minus" size={20} />
      </button>
      <output aria-live="polite">{value}</output>
      <button type="button" aria-label={`One more: ${label}`} disabled={value >= max} onClick={() => onChange(value + 1)}>
        <Icon name="plus" size={20} />
      </button>
    </div>
  );
}

interface EmptyProps {
  icon: IconName;
  title: string;
  children?: ComponentChildren;
}

export function Empty({ icon, title, children }: EmptyProps) {
  return (
    <div class="empty">
      <Icon name={icon} size={40} />
      <p class="empty-title">{title}</p>
      {children && <p>{children}</p>}
    </div>
  );
}

interface ActionProps {
  children: ComponentChildren;
  run: () => Promise<unknown>;
  class?: string;
  disabled?: boolean;
}

/** A button for what the server has to do: busy while it does, and the reason beside it where it will not. */
export function Action({ children, run, class: name = 'button', disabled = false }: ActionProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const act = async () => {
    setBusy(true);
    setError('');
    try {
      await run();
    } catch (failure) {
      setError(reasonOf(failure));
    }
    setBusy(false);
  };
  return (
    <>
      <button type="button" class={name} disabled={disabled || busy} aria-busy={busy} onClick={act}>
        {children}
      </button>
      <ErrorLine text={error} />
    </>
  );
}

export function ErrorLine({ text }: { text: string }) {
  return text ? (
    <p class="error" role="alert">
      {text}
    </p>
  ) : null;
}

/** The large button for the one thing that a screen adds, where a thumb reaches it. */
export function AddButton({ children, onClick }: { children: string; onClick: () => void }) {
  return (
    <button type="button" class="button add" onClick={onClick}>
      <Icon name="plus" /> {children}
    </button>
  );
}
