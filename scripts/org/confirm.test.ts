import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { confirm } from './confirm.ts';

async function answer(typed: string): Promise<{ yes: boolean; asked: string }> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const answered = confirm('Type acme to continue: ', 'acme', new AbortController().signal, input, output);
  input.end(typed);
  return { yes: await answered, asked: String(output.read()) };
}

test.each([
  ['acme\n', true],
  ['  acme \n', true],
  ['ACME\n', false],
  ['yes\n', false],
  ['\n', false],
  ['', false],
])('%j typed', async (typed, yes) => {
  expect(await answer(typed)).toEqual({ yes, asked: 'Type acme to continue: ' });
});

test('Ctrl-C while it asks is an interruption, not an answer', async () => {
  const stop = new AbortController();
  const asking = confirm('Sure? ', 'yes', stop.signal, new PassThrough(), new PassThrough());
  stop.abort();
  await expect(asking).rejects.toMatchObject({ name: 'AbortError' });
});
