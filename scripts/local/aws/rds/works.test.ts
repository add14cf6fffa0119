import { expect, test, vi } from 'vitest';
import { createWorks } from './works.ts';

test('work that fails is reported with its subject, and what is behind it runs', async () => {
  const error = vi.spyOn(console, 'error').mockReturnValue();
  const works = createWorks();
  const done: string[] = [];
  works.start('instance ledger', async () => {
    throw new Error('the disk is full');
  });
  works.start('instance ledger', async () => {
    done.push('second');
  });
  await works.settled();
  const written = error.mock.calls;
  error.mockRestore();
  expect(done).toEqual(['second']);
  expect(written).toEqual([['local rds: instance ledger: the disk is full']]);
});
