import { expect, test } from 'vitest';
import type { AdaptedShop } from '../adapted-shop.ts';
import type { Queries } from '../library.ts';
import { says } from '../library.ts';

export function testTransactions(adapted: AdaptedShop): void {
  const write = <T>(work: (queries: Queries) => Promise<T>) =>
    adapted.opened.inTenant(adapted.acme.tenant(), 'write', work);
  const read = <T>(work: (queries: Queries) => Promise<T>) =>
    adapted.opened.inTenant(adapted.acme.tenant('read'), 'read', work);
  /** For statements that nobody may write. */
  const unrecorded = () => adapted.open({ connectionString: adapted.shop.unrecordedUrl, max: 1 });
  const isStored = async (id: string) => (await read((queries) => queries.nameOf(id))) !== undefined;
  const hasSqlstate = (code: string) => (error: unknown) => adapted.library.sqlstateOf(error) === code;

  test('all of a transaction is stored, through a join table too', async () => {
    await write(async (queries) => {
      await queries.add('stored', 'stored');
      await queries.tag('stored', 'stored-tag');
      expect(await queries.rename('stored', 'renamed')).toBe(1);
    });
    expect(await read((queries) => queries.nameOf('stored'))).toBe('renamed');
    expect(await read((queries) => queries.labelsOf('stored'))).toEqual(['stored-tag']);
  });

  test('an error of the callback undoes everything, and comes out as it is', async () => {
    const error = new Error('of the application');
    await expect(
      write(async (queries) => {
        await queries.add('undone', 'undone');
        throw error;
      }),
    ).rejects.toBe(error);
    expect(await isStored('undone')).toBe(false);
  });

  test('an error of the callback before its first query comes out as it is', async () => {
    const error = new Error('of the application');
    await expect(write(() => Promise.reject(error))).rejects.toBe(error);
    expect(await write(async () => 'nothing')).toBe('nothing');
  });

  test('an error of a query is the error of the library', async () => {
    await expect(write((queries) => queries.add('acme-1', 'other name'))).rejects.toSatisfy(
      hasSqlstate('23505'),
    );
  });

  test('nothing is stored with a statement that failed, also when the callback goes on', async () => {
    await expect(
      write(async (queries) => {
        await queries.add('swallowed', 'swallowed');
        await queries.raw('select 1 / 0').catch(() => {});
      }),
    ).rejects.toMatchObject({ code: '22012' });
    expect(await isStored('swallowed')).toBe(false);
  });

  test('nothing is stored with a statement that failed, also when a savepoint has healed it', async () => {
    await expect(
      write(async (queries) => {
        await queries.add('healed', 'healed');
        await queries.raw('savepoint before');
        await queries.raw('select 1 / 0').catch(() => {});
        await queries.raw('rollback to savepoint before');
      }),
    ).rejects.toMatchObject({ code: '22012' });
    expect(await isStored('healed')).toBe(false);
  });

  test('what the database refuses at the end is a failure', async () => {
    // Unique names are checked when the transaction ends.
    await expect(write((queries) => queries.add('late', 'acme-1'))).rejects.toMatchObject({ code: '23505' });
    expect(await isStored('late')).toBe(false);
  });

  test('the callback cannot end the transaction', async () => {
    await expect(
      write(async (queries) => {
        await queries.add('committed', 'committed');
        await queries.raw('commit');
      }),
    ).rejects.toSatisfy(says('inTenant() ends the transaction itself'));
    await expect(
      write(async (queries) => {
        await queries.add('committed', 'committed');
        await queries.raw('rollback');
      }),
    ).rejects.toSatisfy(says('the transaction was rolled back: nothing was stored'));
    expect(await isStored('committed')).toBe(false);
  });

  test.each([
    'commit;',
    'END',
    'commit work',
    'commit and chain',
    '/* /* now */ and */ commit',
    '-- now\n; end',
    "prepare transaction 'later'",
    'rollback ;',
    'abort',
    'rollback /* all */ transaction',
    'rollback and chain',
    'select 1; commit',
    'commit; select 1',
    'rollback; begin',
  ])('the callback cannot end the transaction with "%s" either', async (statement) => {
    const { inTenant } = unrecorded();
    for (const mode of ['write', 'dry-run'] as const) {
      await expect(
        inTenant(adapted.acme.tenant(), mode, async (queries) => {
          await queries.add('committed', 'committed');
          await queries.raw(statement);
        }),
      ).rejects.toSatisfy(says(/ends the transaction itself|was rolled back|multiple commands/));
    }
    expect(await isStored('committed')).toBe(false);
  });

  test('what saw no row is no success', async () => {
    const { inTenant } = unrecorded();
    await expect(
      inTenant(adapted.acme.tenant(), 'write', async (queries) => {
        await queries.add('lost', 'lost');
        await queries.raw("set local stockade.context = ''");
        expect(await queries.rename('acme-1', 'renamed')).toBe(0);
      }),
    ).rejects.toSatisfy(says('has left the organization'));
    expect(await isStored('lost')).toBe(false);
  });

  test('a read can write nothing', async () => {
    for (const attempt of [
      (queries: Queries) => queries.add('read-only', 'x'),
      (queries: Queries) => queries.rename('acme-1', 'x'),
    ]) {
      await expect(read(attempt)).rejects.toSatisfy(says(/read-only/));
    }
  });

  test('a dry run answers like a write, and stores nothing', async () => {
    const seen = await adapted.opened.inTenant(adapted.acme.tenant(), 'dry-run', async (queries) => {
      await queries.add('dry', 'dry');
      return await queries.nameOf('dry');
    });
    expect(seen).toBe('dry');
    expect(await isStored('dry')).toBe(false);
  });

  test.each(['read', 'write'] as const)('%s: the handle is dead after the callback', async (mode) => {
    let kept: Queries | undefined;
    await adapted.opened.inTenant(adapted.acme.tenant(), mode, async (queries) => {
      kept = queries;
      await queries.names();
    });
    for (const ask of [() => kept?.names(), () => kept?.raw('select'), () => kept?.add('dead', 'dead')]) {
      await expect(ask()).rejects.toSatisfy(says(/has ended|already closed|already committed/));
    }
    await expect(
      write(async (queries) => {
        kept = queries;
        throw new Error('of the application');
      }),
    ).rejects.toThrow('of the application');
    await expect(kept?.names()).rejects.toSatisfy(says(/has ended|already closed|already rolled back/));
  });

  test.each(['stored', 'failed'] as const)(
    'a rollback that comes after the end (%s) undoes nothing of the next transaction',
    async (end) => {
      const { inTenant } = adapted.open({ max: 1 });
      let kept: Queries | undefined;
      const first = inTenant(adapted.globex.tenant(), 'write', async (queries) => {
        kept = queries;
        await queries.names();
        if (end === 'failed') throw new Error('of the application');
      });
      await first.catch(() => {});
      await inTenant(adapted.acme.tenant(), 'write', async (queries) => {
        await queries.add(`beside ${end}`, `beside ${end}`);
        await expect(kept?.raw('rollback')).rejects.toSatisfy(says(/has ended|already closed|already/));
      });
      expect(await isStored(`beside ${end}`)).toBe(true);
    },
  );

  test('a transaction that loses to a deadlock runs again', async () => {
    let attempts = 0;
    const first = { one: Promise.withResolvers<void>(), two: Promise.withResolvers<void>() };
    const renameBoth = (mine: 'one' | 'two', order: readonly string[]) =>
      write(async (queries) => {
        attempts += 1;
        await queries.rename(order[0] ?? '', order[0] ?? '');
        first[mine].resolve();
        await Promise.all([first.one.promise, first.two.promise]);
        return await queries.rename(order[1] ?? '', order[1] ?? '');
      });
    expect(
      await Promise.all([renameBoth('one', ['acme-1', 'acme-2']), renameBoth('two', ['acme-2', 'acme-1'])]),
    ).toEqual([1, 1]);
    // On a busy machine both may lose, one after the other.
    expect(attempts).toBeGreaterThanOrEqual(3);
  });

  test('entering travels with the first query, and costs no round trip', async () => {
    await read((queries) => queries.names());
    adapted.shop.wire.forget();
    await read((queries) => queries.names());
    const [exchange, ...others] = adapted.shop.wire.exchanges();
    expect(others).toEqual([]);
    expect(exchange?.statements).toEqual([
      'begin',
      'call tenancy.enter_with_key($1, $2, $3, $4, $5)',
      expect.stringMatching(/^select .*"?name"?/i),
      'commit',
    ]);
    expect(exchange?.roundTrips).toBe(2);
  });

  test('every connection is given back', async () => {
    const { inTenant, pool } = adapted.open({ max: 2 });
    for (const work of [
      (queries: Queries) => queries.names(),
      (queries: Queries) => queries.raw('select 1 / 0'),
      (queries: Queries) => queries.raw('rollback'),
    ]) {
      for (const tenant of [adapted.acme.tenant(), adapted.acme.tenant('write', 'nobody')]) {
        await inTenant(tenant, 'write', work).catch(() => {});
        expect(pool.idleCount).toBe(pool.totalCount);
        expect(pool.waitingCount).toBe(0);
      }
    }
  });
}
