/** Wakes whoever waits for its next ring. */
export class Bell {
  #waiting: (() => void)[] = [];

  /** Resolves at the next ring after this call. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  ring(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
