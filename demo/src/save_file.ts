/** Hands the person a file, as a download. */
export function saveFile(name: string, content: Blob | string): void {
  const blob = content instanceof Blob ? content : new Blob([content], { type: 'application/json' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken the blob by the time that another task runs.
  setTimeout(() => URL.revokeObjectURL(link.href));
}
