import type { SqlStatement } from './syntax/statements.ts';

/** A fault that the file accepts, at the statement that has it. */
export interface Allowance {
  readonly rule: string;
  readonly reason: string;
}

/** A line that looks like an allowance and is none. */
export interface BrokenAllowance {
  readonly rule: string;
  readonly why: string;
}

const MORE = /^\s*--\s*(\S.*)$/;
const FORM = /^\s*--\s*allow\s+([a-z][a-z-]*)\s*(:?)\s*(.*)$/;

/**
 * Reads the lines `-- allow rule: reason` before a statement, or at the end of it. A comment that only begins with the word
 * "allow" is a comment.
 */
export function readAllowances(
  { comments }: Pick<SqlStatement, 'comments'>,
  ruleNames: ReadonlySet<string>,
): { allowed: Allowance[]; broken: BrokenAllowance[] } {
  const allowed: Allowance[] = [];
  const broken: BrokenAllowance[] = [];
  // Whether the lines that follow go on with a reason.
  let isOpen = false;
  for (const line of comments.split('\n')) {
    const [, rule = '', colon, reason = ''] = FORM.exec(line) ?? [];
    const previous = allowed.at(-1);
    if (!rule && isOpen && previous) {
      const more = MORE.exec(line)?.[1]?.trim();
      if (more) allowed[allowed.length - 1] = { ...previous, reason: `${previous.reason} ${more}` };
    }
    isOpen =
      (isOpen && !rule && MORE.test(line)) || (ruleNames.has(rule) && colon !== '' && reason.trim() !== '');
    if (ruleNames.has(rule)) {
      if (colon && reason.trim()) allowed.push({ rule, reason: reason.trim() });
      else broken.push({ rule, why: `"-- allow ${rule}" gives no reason` });
    } else if (rule && colon) {
      broken.push({ rule, why: `there is no rule ${rule}` });
    }
  }
  return { allowed, broken };
}
