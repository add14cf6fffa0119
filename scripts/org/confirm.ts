import { createInterface } from 'node:readline/promises';

/**
 * Asks a person to type a word, and answers whether it was typed. The end of the input is a no.
 * The question goes to stderr: stdout belongs to the result.
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
