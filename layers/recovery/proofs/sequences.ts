import { type Client, escapeIdentifier } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { DoesNotApply, type Findings, type ProofContext } from './proof.ts';
import { seeEverything } from './see-everything.ts';

interface Sequence {
  readonly sequence: string;
  readonly table: string;
  readonly column: string;
}

/**
 * Proves that every sequence returns numbers that its column does not contain yet. A copy with a sequence that is too low
 * looks right until the first write. Seals are numbered without sequences: the proof of seals covers them.
 */
export async function proveSequences({ connect, signal }: ProofContext, findings: Findings): Promise<void> {
  const client = await connect();
  await inTransaction(
    client,
    async () => {
      await seeEverything(client);
      const sequences = await readSequences(client);
      if (sequences.length === 0) throw new DoesNotApply('no column takes its values from a sequence');
      for (const each of sequences) {
        signal?.throwIfAborted();
        findings.add('sequences', 1);
        const fault = await sequenceFault(client, each);
        if (fault !== undefined) findings.fault(fault);
      }
    },
    { ending: 'rollback' },
  );
}

/** The sequences that belong to a column, and those that a column default uses. */
async function readSequences(client: Client): Promise<Sequence[]> {
  const { rows } = await client.query<Sequence>(
    `select distinct s.oid::regclass::text as sequence, a.attrelid::regclass::text as "table", a.attname as "column"
     from pg_class s
     join pg_depend d on s.oid in (d.objid, d.refobjid)
     left join pg_attrdef f on d.classid = 'pg_attrdef'::regclass and f.oid = d.objid
     join pg_attribute a
       on (a.attrelid, a.attnum) = (f.adrelid, f.adnum)
       or (d.classid, d.objid, d.refclassid, a.attrelid, a.attnum)
         = ('pg_class'::regclass, s.oid, 'pg_class'::regclass, d.refobjid, d.refobjsubid)
     where s.relkind = 'S'
     order by 1, 2, 3`,
  );
  return rows;
}

/** The fault of a sequence whose next number is already used; undefined when it has none. */
async function sequenceFault(
  client: Client,
  { sequence, table, column }: Sequence,
): Promise<string | undefined> {
  const { rows } = await client.query<{ next: string; last: string | null; behind: boolean }>(
    `with given as (
       select q.increment, last_value + case when is_called then q.increment else 0 end as next,
         (select case when q.increment > 0 then max(${escapeIdentifier(column)}) else min(${escapeIdentifier(column)}) end
          from ${table})::numeric as last
       from ${sequence}
       cross join (select seqincrement as increment from pg_sequence where seqrelid = $1::regclass) as q
     )
     select next::text, last::text, coalesce(sign(increment) * (last - next) >= 0, false) as behind from given`,
    [sequence],
  );
  const [found] = rows;
  if (!found?.behind) return undefined;
  return `${sequence} returns ${found.next} next, but ${table}.${column} already contains ${found.last}`;
}
