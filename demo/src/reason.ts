/** An error as a person can read it. */
export function reasonOf(error: unknown): string {
  const { status, message } = error as { status?: number; message?: string };
  if (error instanceof TypeError || status === 0) return 'The server cannot be reached. This needs a network.';
  return message || 'That did not work.';
}
