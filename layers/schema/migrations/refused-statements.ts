import { MigrationError } from '../migration-error.ts';
import { type Statement, words } from '../script/sql-statements.ts';
import type { SqlFile } from './session.ts';

const transactionControl = /^(begin|start|commit|end|rollback|abort|savepoint|release|prepare transaction)\b/;

/** What leads back to the user who migrates, or to another user. */
const roleGivenUp =
  /^(reset role|reset session authorization|set ((session|local) )?session authorization|set ((session|local) )?role (to |= )?'?none)\b/;

/**
 * Refuses statements that take from the runner what it does itself. A file that commits could leave half of itself behind. A
 * file that gives up its role creates objects that belong to the user who migrates, often a superuser.
 * @throws MigrationError naming the line of the first one
 */
export function refuseRunnersWork(file: SqlFile, statements: readonly Statement[]): void {
  for (const statement of statements) {
    const beginning = words(statement.tokens, 6).join(' ');
    const line = file.content.slice(0, statement.start).split('\n').length;
    const [control] = transactionControl.exec(beginning) ?? [];
    if (control) {
      throw new MigrationError(
        `${file.file}:${line}: "${control}" controls the transaction, which the runner does`,
        'Remove it: a file is one transaction, together with its journal row.',
      );
    }
    const [role] = roleGivenUp.exec(beginning) ?? [];
    if (role) {
      throw new MigrationError(
        `${file.file}:${line}: "${role}" leaves the role that the runner has taken`,
        'What follows would belong to the user who migrates. Return to the owner with "set local role stockade_owner".',
      );
    }
  }
}
