import { expect, test, vi } from 'vitest';
import { createWorks } from './works.ts';

test('work that fails is reported with its subject, and what is behind it runs', async () => {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const works = createWorks();
  const done: string[] = [];
  works.start('instance ledger', async () => {
    throw new Error('the disk is full');
  });
  works.start('instance ledger', async () => {
    done.push('second');
  });
  await works.settled();
  const written = write.mock.calls.map(([text]) => String(text)).join('');
  write.mockRestore();
  expect(done).toEqual(['second']);
  expect(written).toMatch(/^.*instance ledger.*the disk is full/s);
});
