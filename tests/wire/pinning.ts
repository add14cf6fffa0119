import { loadModule, parseSync } from 'libpg-query';

/**
 * What makes RDS Proxy pin a connection to one client ("Avoiding pinning an RDS Proxy" in the Amazon RDS User Guide,
 * "Conditions that cause pinning for RDS for PostgreSQL"), read from the statement with Postgres' own grammar.
 * Calling a stored function never pins, whatever it does inside, and neither does an advisory lock of the transaction.
 */

/** From this many bytes of statement text on the proxy pins; bind parameters do not count. */
export const maxStatementBytes = 16_384;

type Node = Readonly<Record<string, unknown>>;

/** Why a node of the syntax tree pins, by the node's type; undefined when this one does not. */
const pinningNodes: Readonly<Record<string, (node: Node) => string | undefined>> = {
  VariableSetStmt: () => 'SET and RESET change the session',
  DiscardStmt: () => 'DISCARD changes the session',
  PrepareStmt: () => 'PREPARE leaves a statement in the session',
  ExecuteStmt: () => 'EXECUTE uses a statement of the session',
  DeallocateStmt: () => 'DEALLOCATE changes the session',
  DeclareCursorStmt: () => 'DECLARE leaves a cursor in the session',
  ListenStmt: () => 'LISTEN binds the session to a channel',
  UnlistenStmt: () => 'UNLISTEN changes the session',
  LoadStmt: () => 'LOAD loads a library into the session',
  // The proxy cannot see what a block does, and neither can we.
  DoStmt: () => 'DO hides what it does',
  FuncCall: (node) => pinningFunction(functionName(node)),
  RangeVar: ({ relpersistence }) =>
    relpersistence === 't' ? 'a temporary object belongs to the session' : undefined,
};

const sessionLocks = /^pg_(try_)?advisory_(lock|unlock)(_shared|_all)?$/;
const sequenceFunctions = new Set(['nextval', 'setval', 'currval', 'lastval']);

function pinningFunction(name: string): string | undefined {
  if (name === 'set_config') return 'set_config() changes the session';
  if (sequenceFunctions.has(name)) return `${name}() leaves a value in the session`;
  if (sessionLocks.test(name)) return `${name}() takes or frees a lock of the session`;
  return undefined;
}

/**
 * Why a statement would pin; empty when it would not.
 * @example
 * await pinningFaults('set work_mem = 1') // ['SET and RESET change the session']
 */
export async function pinningFaults(text: string): Promise<string[]> {
  await loadModule();
  const faults = new Set<string>();
  const bytes = Buffer.byteLength(text);
  if (bytes >= maxStatementBytes) faults.add(`the statement has ${bytes} bytes`);
  try {
    const { stmts = [] } = parseSync(text);
    if (stmts.length > 1) faults.add(`${stmts.length} statements are in one text`);
    walk(stmts, faults);
  } catch (error) {
    faults.add(`it is no SQL: ${(error as Error).message}`);
  }
  return [...faults];
}

function walk(value: unknown, faults: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, faults);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      const fault = isNode(child) ? pinningNodes[key]?.(child) : undefined;
      if (fault) faults.add(fault);
      // INTO and CREATE TABLE AS name their relation without the node's type around it.
      if (key === 'relation' || key === 'rel' || key === 'view' || key === 'sequence') {
        const named = isNode(child) ? pinningNodes.RangeVar?.(child) : undefined;
        if (named) faults.add(named);
      }
      walk(child, faults);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function functionName({ funcname }: Node): string {
  const parts = funcname as readonly { readonly String?: { readonly sval?: string } }[];
  return parts.at(-1)?.String?.sval ?? '';
}
