/** Reads when it is first asked, and once: what failed fails for everybody who asks, without asking AWS again. */
export function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return () => {
    reading ??= read();
    return reading;
  };
}
