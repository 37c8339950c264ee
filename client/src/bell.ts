/** Wakes whoever waits for its next ring. */
export class Bell {
  #ring!: () => void;
  #next = this.#renewed();

  /** Resolves at the next ring after this call. */
  next(): Promise<void> {
    return this.#next;
  }

  ring(): void {
    const ring = this.#ring;
    this.#next = this.#renewed();
    ring();
  }

  #renewed(): Promise<void> {
    return new Promise((resolve) => (this.#ring = resolve));
  }
}
