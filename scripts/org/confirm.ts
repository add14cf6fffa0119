import { createInterface } from 'node:readline/promises';

/**
 * Asks the user to type a word, and returns whether they did. The end of the input counts as no.
 * The question goes to stderr: stdout is for the result.
 */
export async function confirm(
  question: string,
  word: string,
  signal: AbortSignal,
  input: NodeJS.ReadableStream = process.stdin,
  output: NodeJS.WritableStream = process.stderr,
): Promise<boolean> {
  const prompt = createInterface({ input, output });
  try {
    const closed = new Promise<undefined>((resolve) => prompt.once('close', () => resolve(undefined)));
    const typed = await Promise.race([prompt.question(question, { signal }), closed]);
    return typed?.trim() === word;
  } finally {
    prompt.close();
  }
}
