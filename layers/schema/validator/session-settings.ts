import { as } from './syntax/nodes.ts';
import type { SqlStatement } from './syntax/statements.ts';

/** The lock budget of a session while a file runs. */
export class LockBudget {
  #session: number | undefined;
  #local: number | undefined;

  constructor(initialMs?: number) {
    this.#session = initialMs;
  }

  /** In milliseconds; undefined when nothing has set it. */
  get currentMs(): number | undefined {
    return this.#local ?? this.#session;
  }

  /** Takes note of `set lock_timeout`. SET LOCAL outside a transaction sets nothing. */
  note({ node }: SqlStatement, isInTransaction: boolean): void {
    const setting = as(node, 'VariableSetStmt');
    if (setting?.kind === 'VAR_RESET_ALL') this.#session = undefined;
    if (setting?.name !== 'lock_timeout') return;
    const value = as(setting.args?.[0], 'A_Const');
    const milliseconds =
      setting.kind === 'VAR_SET_VALUE' ? millisecondsOf(value?.sval?.sval ?? value?.ival?.ival) : undefined;
    if (!setting.is_local) this.#session = milliseconds;
    else if (isInTransaction) this.#local = milliseconds;
  }

  endTransaction(): void {
    this.#local = undefined;
  }
}

const units: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Undefined is 0, which the grammar leaves out. */
function millisecondsOf(value: string | number | undefined): number {
  const [, digits = '0', unit = 'ms'] = /^\s*([\d.]+)\s*([a-z]+)?\s*$/.exec(String(value)) ?? [];
  return Number(digits) * (units[unit] ?? 1);
}
