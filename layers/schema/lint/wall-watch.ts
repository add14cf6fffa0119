import type { ClientBase } from 'pg';
import {
  type IsolationFault,
  type IsolationReport,
  lintIsolation,
  type RuleOutcome,
} from './isolation-lint.ts';
import type { IsolationRule } from './isolation-rules.ts';

/** Watches the wall while a database changes step by step. */
export interface WallWatch {
  /** Looks again. @returns the faults that came since the last look; undefined when there are none */
  look(): Promise<IsolationReport | undefined>;
}

/** What one look sees. */
interface Sight {
  /** Faults by a text that identifies them. */
  readonly outcomes: readonly RuleOutcome[];
  /** Tables, and whether their comment says what they hold. */
  readonly tables: ReadonlyMap<string, boolean>;
  readonly hasWall: boolean;
}

/**
 * Begins to watch. The rules describe the newest schema, and a database on its way there breaks some of them: what counts is
 * what a step adds. A table that was there before, and that its comment did not and does not yet classify, is not behind
 * the wall: an application that moves in classifies its tables when their wall stands. While no table is classified as
 * tenant data, there is no wall.
 */
export async function watchWall(client: ClientBase, rules: readonly IsolationRule[]): Promise<WallWatch> {
  const all = [...rules, tablesRule(rules)];
  let before = await see(client, all);
  /** Faults of this watch that do not count yet: when their table comes behind the wall, they do. */
  const deferred = new Set<string>();
  return {
    look: async () => {
      const startedMs = performance.now();
      const [earlier, now] = [before, await see(client, all)];
      before = now;
      const wasOutside = new Set(unclassified(earlier));
      const outside = unclassified(now).filter((name) => !earlier.hasWall || wasOutside.has(name));
      const known = new Set(earlier.outcomes.flatMap(keysOf).filter((key) => !deferred.has(key)));
      const added = now.outcomes.map((outcome) => addedTo(outcome, known));
      const outcomes = added.map((outcome) => {
        const isOutside = ({ object, detail }: IsolationFault) =>
          outside.some((name) => mentions(`${object} ${detail}`, name));
        for (const fault of outcome.faults.filter(isOutside)) deferred.add(keyOf(outcome.rule, fault));
        return { ...outcome, faults: outcome.faults.filter((fault) => !isOutside(fault)) };
      });
      const counting = outcomes.filter(
        ({ faults, couldNotRun }) => faults.length > 0 || couldNotRun !== undefined,
      );
      if (!earlier.hasWall || counting.length === 0) return undefined;
      return { ok: false, durationMs: performance.now() - startedMs, outcomes: counting };
    },
  };
}

const tablesRuleNumber = 'tables';

/** Not a rule: asks for all tables in the same snapshot, by the terms of the rules. */
function tablesRule([first]: readonly IsolationRule[]): IsolationRule {
  return {
    number: tablesRuleNumber,
    name: 'tables',
    title: 'Tables',
    level: 'weakness',
    query: `select name as object, coalesce(class, 'none') as detail, 'none' as remedy from own_tables`,
    terms: first?.terms ?? new Map(),
    exceptions: [],
  };
}

async function see(client: ClientBase, rules: readonly IsolationRule[]): Promise<Sight> {
  const { outcomes } = await lintIsolation(client, rules);
  const tables = outcomes.find(({ rule }) => rule.number === tablesRuleNumber)?.faults ?? [];
  return {
    outcomes: outcomes.filter(({ rule }) => rule.number !== tablesRuleNumber),
    tables: new Map(tables.map(({ object, detail }) => [object, detail !== 'none'])),
    hasWall: tables.some(({ detail }) => detail.startsWith('Tenant data')),
  };
}

/** What was not there before. */
function addedTo({ rule, faults, couldNotRun }: RuleOutcome, known: ReadonlySet<string>): RuleOutcome {
  const added = faults.filter((fault) => !fault.isStaleException && !known.has(keyOf(rule, fault)));
  if (couldNotRun === undefined || known.has(`${rule.number} could not run`)) return { rule, faults: added };
  return { rule, faults: added, couldNotRun };
}

function unclassified({ tables }: Sight): string[] {
  return [...tables].flatMap(([name, isClassified]) => (isClassified ? [] : [name]));
}

function keysOf({ rule, faults, couldNotRun }: RuleOutcome): string[] {
  const keys = faults.map((fault) => keyOf(rule, fault));
  return couldNotRun === undefined ? keys : [...keys, `${rule.number} could not run`];
}

function keyOf({ number }: IsolationRule, { object, detail }: { object: string; detail: string }): string {
  return JSON.stringify([number, object, detail]);
}

/** Whether a text contains a qualified name as a whole: `s.items` is not in `s.items_archive`. */
function mentions(text: string, name: string): boolean {
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\w$"])${escaped}(?![\\w$"])`).test(text);
}
