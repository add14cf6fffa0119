import { MigrationError } from '../migration-error.ts';

/** How a migration runs. */
export type Way =
  /** All of it in one transaction. */
  | 'transaction'
  /** Statement by statement outside a transaction, each of a kind that can be run again after a crash. */
  | 'concurrently'
  /** A count and a batch that is repeated until nothing is left. */
  | 'backfill';

/** What the header of a file asks for. */
export interface Directives {
  readonly way: Way;
  /** True after `--! contract`: it takes away what the release before it needs, so that only a backup leads back. */
  readonly isContract: boolean;
  /** The role that runs the file, and that owns the functions it creates. `none` is the user that migrates. */
  readonly role: string;
  /** What must be there before: function files as `schema/family`, migrations as `NNNNNN_name`. */
  readonly needs: readonly string[];
  /** The migration that drops the functions of the file: they live only until then. */
  readonly until: string | undefined;
}

/** Runs whatever does not name another role, and owns every object that does not need another owner. */
export const OWNER = 'stockade_owner';

const forms = {
  concurrently: /^concurrently$/,
  backfill: /^backfill$/,
  contract: /^contract$/,
  role: /^role ([a-z_][a-z0-9_]*)$/,
  needs: /^needs ([a-z0-9_]+(?:\/[a-z0-9_]+){1,2}|\d{6}_[a-z0-9_]+)$/,
  until: /^until (\d{6}_[a-z0-9_]+)$/,
} as const;

type Directive = keyof typeof forms;

const ofMigrations: readonly Directive[] = ['concurrently', 'backfill', 'contract', 'role', 'needs'];
const ofFunctions: readonly Directive[] = ['role', 'needs', 'until'];

/**
 * Reads the `--!` lines of a file.
 * @throws MigrationError for an unknown directive, one that does not fit beside another, or one below the first statement,
 *   where a reader would miss it
 */
export function readDirectives(
  file: string,
  content: string,
  kind: 'migration' | 'functions' = 'migration',
): Directives {
  const allowed = kind === 'migration' ? ofMigrations : ofFunctions;
  const found = new Map<Directive, string[]>();
  let inHeader = true;
  for (const [index, line] of content.split('\n').entries()) {
    const directive = /^\s*--!\s*(.*?)\s*$/.exec(line)?.[1];
    if (directive === undefined) {
      inHeader &&= /^\s*(--.*)?$/.test(line);
      continue;
    }
    const place = `${file}:${index + 1}`;
    if (!inHeader) {
      throw new MigrationError(
        `${place}: the directive "--! ${directive}" stands below the first statement`,
        'Move it to the top of the file.',
      );
    }
    const name = allowed.find((each) => forms[each].test(directive));
    if (!name) throw unknownDirective(place, directive, allowed);
    const value = forms[name].exec(directive)?.[1] ?? '';
    found.set(name, [...(found.get(name) ?? []), value]);
  }
  return settle(file, found);
}

function settle(file: string, found: ReadonlyMap<Directive, readonly string[]>): Directives {
  const way = (['concurrently', 'backfill'] as const).filter((each) => found.has(each));
  const roles = found.get('role') ?? [];
  const untils = found.get('until') ?? [];
  const isRoleIdle = roles.length > 0 && way.includes('concurrently');
  if (way.length > 1 || roles.length > 1 || untils.length > 1 || isRoleIdle) {
    const several = untils.length > 1 ? untils : [...way, ...roles];
    throw new MigrationError(
      `${file} has directives of which only one can hold: ${several.join(' and ')}`,
      'Keep one of them, or make two files.',
    );
  }
  return {
    way: way[0] ?? 'transaction',
    isContract: found.has('contract'),
    role: roles[0] ?? OWNER,
    needs: found.get('needs') ?? [],
    until: untils[0],
  };
}

const examples: Readonly<Record<Directive, string>> = {
  concurrently: '--! concurrently',
  backfill: '--! backfill',
  contract: '--! contract',
  role: '--! role stockade_ledger',
  needs: '--! needs inventory/posting or --! needs 000003_name',
  until: '--! until 000003_name',
};

function unknownDirective(place: string, directive: string, allowed: readonly Directive[]): MigrationError {
  return new MigrationError(
    `${place}: unknown directive "--! ${directive}"`,
    `The directives here are ${allowed.map((each) => examples[each]).join(', ')}. Write a plain comment with "-- ".`,
  );
}
