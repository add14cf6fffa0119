import type pg from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { codeColumns, malformedTargets, wellFormed } from './code-map.ts';
import { type Inventory, type MovePlan, openInventory } from './inventory.ts';
import type { MoveInCheck, Offence } from './offence.ts';
import type { FoundRow, RowRule, SetRule } from './rule.ts';
import { rowRules, setRules } from './rules.ts';

export interface CheckOptions extends MovePlan {
  /** The number of offences of each rule that are named; all are counted. Default: 20. */
  readonly mostPerRule?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Rows that are read at a time. */
const fetchedRows = 1_000;

/**
 * Checks a single-tenant inventory before it moves in, or while it does: finds every row that a rule of the new schema would
 * refuse or that it could not carry, from all rules at once. It only reads, in one snapshot, and applies the map of codes and
 * the assignments in its queries. Connect as
 * the runner does: the check becomes the owner of the tables.
 *
 * @example const { offences } = await checkMoveIn(client, { codes: readCodeMap(await readFile('map.csv')) })
 */
export async function checkMoveIn(client: pg.ClientBase, options: CheckOptions = {}): Promise<MoveInCheck> {
  const { codes = [], mostPerRule = 20, signal } = options;
  const found = new Found(mostPerRule);
  const asArray = (list: readonly string[]) =>
    `array[${list.map((value) => client.escapeLiteral(value)).join(', ')}]::text[]`;
  await inTransaction(
    client,
    async () => {
      const inventory = await openInventory(client, options);
      for (const offence of malformedTargets(codes)) found.add(offence);
      for (const rule of setRules(codes, asArray)) await findSets(client, inventory, rule, found, signal);
      const byTable = Object.groupBy(rowRules(inventory, codes, asArray), ({ table }) => table);
      for (const rules of Object.values(byTable)) await findRows(client, rules, found, signal);
      await suggestCodes(client, found);
    },
    {
      begin: 'begin isolation level repeatable read read only; set local role stockade_owner',
      ending: 'rollback',
    },
  );
  return { offences: found.offences, counts: found.counts };
}

/** Offences as they are found: all are counted, the first of each rule are kept. */
class Found {
  readonly offences: Offence[] = [];
  readonly counts: Record<string, number> = {};
  readonly #mostPerRule: number;

  constructor(mostPerRule: number) {
    this.#mostPerRule = mostPerRule;
  }

  add(offence: Offence): void {
    const count = (this.counts[offence.ruleId] ?? 0) + 1;
    this.counts[offence.ruleId] = count;
    if (count <= this.#mostPerRule) this.offences.push(offence);
  }
}

async function findSets(
  client: pg.ClientBase,
  inventory: Inventory,
  { id: ruleId, query, rule, remedy }: SetRule,
  found: Found,
  signal: AbortSignal | undefined,
): Promise<void> {
  await readAll<FoundRow>(client, query(inventory), signal, ({ table, id, value, why }) => {
    found.add({ table, id, value, ruleId, rule: why ? `${rule} ${why}` : rule, remedy });
  });
}

/** One pass over a table for all rules about its rows. */
async function findRows(
  client: pg.ClientBase,
  rules: readonly RowRule[],
  found: Found,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [{ table } = { table: '' }] = rules;
  const outcomes = rules.map(({ fits, value }, nth) => `(${nth}, (${fits}) is not true, (${value})::text)`);
  const query = `select t.id::text as id, v.nth, v.value
    from inventory.${table} t
    cross join lateral (values ${outcomes.join(', ')}) as v (nth, offends, value)
    where (${rules.map(({ fits }) => `(${fits}) is not true`).join(' or ')}) and v.offends`;
  await readAll<{ id: string; nth: number; value: string | null }>(
    client,
    query,
    signal,
    ({ id, nth, value }) => {
      const broken = rules[nth];
      if (!broken) throw new Error(`there is no rule ${nth} of ${table}`);
      const why = broken.judge ? broken.judge(value) : '';
      if (why === undefined) return;
      const rule = why ? `${broken.rule} ${why}` : broken.rule;
      found.add({ table, id, value, ruleId: broken.id, rule, remedy: broken.remedy });
    },
  );
}

/** Reads the rows of a query one portion at a time, so that any number of them takes little memory. */
async function readAll<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  query: string,
  signal: AbortSignal | undefined,
  take: (row: Row) => void,
): Promise<void> {
  await client.query(`declare offending no scroll cursor for ${query}`);
  for (;;) {
    signal?.throwIfAborted();
    const { rows } = await client.query<Row>(`fetch ${fetchedRows} from offending`);
    for (const row of rows) take(row);
    if (rows.length < fetchedRows) break;
  }
  await client.query('close offending');
}

/** Adds a code that would fit to each offence against the form of codes, where one looks the same and nothing has it. */
async function suggestCodes(client: pg.ClientBase, { offences }: Found): Promise<void> {
  for (const table of ['items', 'locations'] as const) {
    const suggested = new Map<string, number>();
    offences.forEach(({ ruleId, table: of, value }, nth) => {
      const code = ruleId === 'code-form' && of === table && value !== null ? wellFormed(value) : undefined;
      // Two rows that look the same need different codes, so neither gets one.
      if (code !== undefined) suggested.set(code, suggested.has(code) ? -1 : nth);
    });
    const { rows } = await client.query<{ code: string }>(
      `select ${codeColumns[table]} as code from inventory.${table} where ${codeColumns[table]} = any ($1)`,
      [[...suggested.keys()]],
    );
    for (const { code } of rows) suggested.delete(code);
    for (const [becomes, nth] of suggested) {
      const offence = offences[nth];
      if (offence) offences[nth] = { ...offence, becomes };
    }
  }
}
