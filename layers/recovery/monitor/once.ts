/** Reads at the first call, and only once. After a failure every call fails the same way, without another call of AWS. */
export function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return () => {
    reading ??= read();
    return reading;
  };
}
