import { type Directives, OWNER, readDirectives } from '../book/directives.ts';
import { readAllowances } from './allowances.ts';
import { merged, noEffects } from './effects/effects.ts';
import { effectsOf } from './effects/statement-effects.ts';
import type { Review, ReviewedFile, Runner } from './review.ts';
import type { Fault } from './rules/rule.ts';
import { rules } from './rules/rules.ts';
import { applyStatement, tableRename } from './schema/apply-statement.ts';
import type { KnownSchema } from './schema/known-schema.ts';
import { LockBudget } from './session-settings.ts';
import { doBody } from './syntax/do-block.ts';
import { as } from './syntax/nodes.ts';
import { readStatements, type SqlStatement } from './syntax/statements.ts';

/** A file of SQL as it is read. */
export interface SqlText {
  readonly file: string;
  readonly content: string;
}

/** What a rule refuses, and where. */
export interface Finding extends Fault {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
}

/** A finding that the file accepts, with its reason. */
export interface AllowedFinding extends Finding {
  readonly reason: string;
}

/** What the text of a file says about it. */
export interface FileVerdict {
  readonly file: ReviewedFile;
  readonly directives: Directives;
  readonly findings: readonly Finding[];
  readonly allowed: readonly AllowedFinding[];
  /** Every statement with its effects. The statements of a DO block follow it. */
  readonly reviews: readonly Review[];
}

/** The runner's lock budget, unless `--lock-timeout` says another. */
const budgetOfRunnerMs = 200;

const ruleNames: ReadonlySet<string> = new Set([...rules.map(({ name }) => name)]);

/**
 * Reads a file with the grammar of Postgres and applies every rule to every statement. `schema` is what the files before it
 * have made; afterwards it is what this one has made of it.
 *
 * @example
 * const verdict = await validateFile({ file: '000027_brand.sql', content }, 'stockade', schema);
 * for (const { line, rule, detail } of verdict.findings) console.error(line, rule, detail);
 *
 * @throws SyntaxFault when Postgres could not read the file
 */
export async function validateFile(
  { file, content }: SqlText,
  runner: Runner,
  schema: KnownSchema,
): Promise<FileVerdict> {
  const directives = directivesOf(runner, file, content);
  const statements = await readStatements(file, content);
  const reviewed: ReviewedFile = {
    file,
    runner,
    way: directives.way,
    isContract: directives.isContract || (runner !== 'stockade' && /^\s*--! contract\s*$/m.test(content)),
    statements,
  };
  const reader = new FileReader(reviewed, schema);
  for (const statement of statements) reader.read(statement);
  return { file: reviewed, directives, ...reader.result };
}

/** Other runners take every comment for a comment. */
function directivesOf(runner: Runner, file: string, content: string): Directives {
  if (runner === 'stockade') return readDirectives(file, content);
  return { way: 'transaction', isContract: false, role: OWNER, needs: [], until: undefined };
}

class FileReader {
  readonly #file: ReviewedFile;
  readonly #schema: KnownSchema;
  readonly #created = new Set<string>();
  readonly #budget: LockBudget;
  readonly #reviews: Review[] = [];
  readonly #findings: Finding[] = [];
  readonly #allowed: AllowedFinding[] = [];
  #transaction: Review[] | undefined;

  constructor(file: ReviewedFile, schema: KnownSchema) {
    this.#file = file;
    this.#schema = schema;
    this.#budget = new LockBudget(file.runner === 'stockade' ? budgetOfRunnerMs : undefined);
    const isOne = file.runner === 'stockade' ? file.way === 'transaction' : file.runner === 'transaction';
    this.#transaction = isOne ? [] : undefined;
  }

  get result() {
    return { findings: this.#findings, allowed: this.#allowed, reviews: this.#reviews };
  }

  read(statement: SqlStatement): void {
    const body = doBody(statement);
    const alone = body && this.#transaction === undefined;
    if (alone) this.#transaction = [];
    const found = [this.#review(statement, body?.unreadable ?? [])];
    for (const inner of body?.statements ?? []) found.push(this.#review(inner, []));
    if (alone) this.#transaction = undefined;
    this.#judge(statement, found.flat());
    this.#follow(statement);
  }

  /** Applies every rule to a statement, and then the statement to what is known. */
  #review(statement: SqlStatement, unreadable: readonly string[]): Finding[] {
    const effects = statement.kind === 'DoStmt' ? noEffects : effectsOf(this.#schema, statement);
    const review: Review = {
      file: this.#file,
      statement,
      effects: { ...effects, tables: merged(effects.tables) },
      schema: this.#schema,
      transaction: this.#transaction && [...this.#transaction],
      lockTimeoutMs: this.#budget.currentMs,
      unreadable,
      isNew: (table) => this.#created.has(table),
    };
    const place = { file: this.#file.file, line: statement.line };
    const findings = rules.flatMap(({ name, check }) =>
      check(review).map((fault) => ({ rule: name, ...place, ...fault })),
    );
    this.#reviews.push({ ...review, isNew: frozen(this.#created) });
    this.#transaction?.push(review);
    for (const table of effects.creates) this.#created.add(table);
    applyStatement(this.#schema, statement);
    this.#rename(statement);
    return findings;
  }

  /** A table that has another name from here on is as new, and as locked, as before. */
  #rename({ node }: SqlStatement): void {
    const { from, to } = tableRename(node) ?? {};
    if (from === undefined || to === undefined) return;
    if (this.#created.delete(from)) this.#created.add(to);
    this.#transaction = this.#transaction?.map((review) => {
      const tables = review.effects.tables.map((each) =>
        each.table === from ? { ...each, table: to } : each,
      );
      return { ...review, effects: { ...review.effects, tables } };
    });
  }

  /** Sorts what was found by what the file allows. An allowance that nothing needs is a finding. */
  #judge(statement: SqlStatement, found: readonly Finding[]): void {
    const { allowed, broken } = readAllowances(statement, ruleNames);
    const place = { file: this.#file.file, line: statement.line, object: 'a comment' };
    for (const finding of found) {
      const allowance = allowed.find(({ rule }) => rule === finding.rule);
      if (allowance) this.#allowed.push({ ...finding, reason: allowance.reason });
      else this.#findings.push(finding);
    }
    for (const { rule } of allowed.filter(({ rule }) => !found.some((finding) => finding.rule === rule))) {
      const detail = `it allows ${rule}, and the statement has no such fault`;
      this.#findings.push({ ...place, rule: 'allowance', detail, remedy: 'remove the comment' });
    }
    for (const { why } of broken) {
      const remedy = 'write "-- allow rule: reason" above the statement';
      this.#findings.push({ ...place, rule: 'allowance', detail: why, remedy });
    }
  }

  /** What a statement changes for those after it: the transaction, and the lock budget. */
  #follow(statement: SqlStatement): void {
    this.#budget.note(statement, this.#transaction !== undefined);
    if (this.#file.runner !== 'statement') return;
    switch (as(statement.node, 'TransactionStmt')?.kind) {
      case 'TRANS_STMT_BEGIN':
      case 'TRANS_STMT_START':
        this.#transaction = [];
        break;
      case 'TRANS_STMT_COMMIT':
      case 'TRANS_STMT_ROLLBACK':
        this.#transaction = undefined;
        this.#budget.endTransaction();
        break;
    }
  }
}

/** What was created up to now: the set itself grows. */
function frozen(created: ReadonlySet<string>): (table: string) => boolean {
  const then = new Set(created);
  return (table) => then.has(table);
}
