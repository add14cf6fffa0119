import type pg from 'pg';
import golden from './golden-triggers.json' with { type: 'json' };

/** The state of a trigger: `enabled` as in pg_trigger, and the digest of its definition, including its function. */
export interface TriggerState {
  readonly enabled: string;
  readonly digest: string;
}

export interface TriggerFault {
  /** For example `apply_movements on inventory.movements`. */
  readonly trigger: string;
  readonly fault: 'missing' | 'disabled' | 'not enabled always' | 'defined otherwise' | 'changed unseen';
}

/** A time during which a trigger did not work. `until` is undefined while this lasts. */
export interface Window {
  readonly from: Date;
  readonly until: Date | undefined;
}

/** The recorded history of the ledger's triggers. */
export interface TriggerHistory {
  /** Since when every change was recorded without a gap. Undefined when nothing records changes. */
  readonly knownSince: Date | undefined;
  /** The recorded times in which a trigger was missing, disabled or changed. */
  windowsOf(trigger: string): readonly Window[];
}

/** The trigger that updates balances. */
export const balanceTrigger = 'apply_movements on inventory.movements';
/** The trigger that prevents changes to movements. */
export const appendOnlyTrigger = 'append_only on inventory.movements';

/** Every trigger of the ledger, as the migrations create it. `npm run schema` writes the file from a migrated database. */
const expected: Readonly<Record<string, string>> = golden;

/**
 * The triggers of the ledger that are missing, do not always fire, differ from the migrations, or were changed while the event
 * trigger was off: whatever happened in the meantime, nobody knows.
 */
export async function triggerFaults(jobs: pg.ClientBase): Promise<TriggerFault[]> {
  const { rows } = await jobs.query<TriggerState & { name: string; isUnseen: boolean }>(
    `select name, enabled, digest, name in (select u.name from inventory.unseen_changes() u) as "isUnseen"
     from inventory.ledger_triggers()`,
  );
  const states = new Map(rows.map(({ name, ...state }) => [name, state]));
  return Object.keys(expected).flatMap((trigger) => {
    const state = states.get(trigger);
    const fault =
      faultOf(trigger, state, [expected[trigger]]) ?? (state?.isUnseen ? 'changed unseen' : undefined);
    return fault ? [{ trigger, fault }] : [];
  });
}

/** Reads the recorded changes of the triggers. */
export async function readTriggerHistory(jobs: pg.ClientBase): Promise<TriggerHistory> {
  const { rows } = await jobs.query<{ history: Noted }>('select inventory.trigger_history() as history');
  return triggerHistoryOf(rows[0]?.history ?? { watching: false, changes: [] });
}

/** The log, as the database returns it, oldest first. */
export interface Noted {
  readonly watching: boolean;
  readonly changes: readonly {
    readonly at: string;
    readonly kind: 'watch' | 'change';
    readonly triggers: Readonly<Record<string, TriggerState>>;
  }[];
}

export function triggerHistoryOf({ watching, changes }: Noted): TriggerHistory {
  const lastWatch = changes.findLast(({ kind }) => kind === 'watch');
  return {
    knownSince: watching && lastWatch ? new Date(lastWatch.at) : undefined,
    windowsOf(trigger) {
      // A migration may have changed the trigger since. The state when the log began was right then.
      const right = [expected[trigger], changes[0]?.triggers[trigger]?.digest];
      const windows: Window[] = [];
      let openFrom: Date | undefined;
      for (const { at, triggers } of changes) {
        const isFaulty = faultOf(trigger, triggers[trigger], right) !== undefined;
        if (isFaulty) openFrom ??= new Date(at);
        else if (openFrom) {
          windows.push({ from: openFrom, until: new Date(at) });
          openFrom = undefined;
        }
      }
      if (openFrom) windows.push({ from: openFrom, until: undefined });
      return windows;
    },
  };
}

function faultOf(
  trigger: string,
  state: TriggerState | undefined,
  digests: readonly (string | undefined)[],
): TriggerFault['fault'] | undefined {
  // A trigger that a later migration adds did not exist before, and its absence was no fault.
  if (!state)
    return digests.some((digest) => digest !== undefined) && trigger in expected ? 'missing' : undefined;
  if (state.enabled === 'D') return 'disabled';
  if (state.enabled !== 'A') return 'not enabled always';
  return digests.includes(state.digest) ? undefined : 'defined otherwise';
}
