import { join, normalize } from 'node:path/posix';
import { findFiles } from './files.ts';
import { type ImportLine, readImports } from './imports.ts';

/** Each part of the house, and the parts that it may import besides itself. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'layers/platform': [],
  'layers/schema': ['layers/platform'],
  'layers/tenancy': ['layers/platform', 'layers/schema'],
  'layers/ledger': ['layers/platform', 'layers/schema', 'layers/tenancy'],
  'layers/audit': ['layers/platform', 'layers/schema', 'layers/tenancy', 'layers/ledger'],
  'layers/recovery': ['layers/platform', 'layers/schema', 'layers/tenancy', 'layers/ledger', 'layers/audit'],
  'layers/portability': [
    'layers/platform',
    'layers/schema',
    'layers/tenancy',
    'layers/ledger',
    'layers/audit',
    'layers/recovery',
  ],
  'layers/http': ['layers/platform', 'layers/tenancy'],
  functions: ['layers'],
  infra: ['functions/routes.ts', 'functions/schedules.ts', 'layers/platform/environment.ts'],
};

/** Commands and tests: they may use everything, and nothing else may use them. */
const outside = ['scripts', 'tests', 'bench'];

/** Every import in the house. */
export async function importsOfHouse(root: string): Promise<ImportLine[]> {
  return await readImports(
    root,
    await findFiles(root, '{infra,functions,layers,scripts,tests,bench,sql}/**/*.ts'),
  );
}

/** Every import that breaks the direction of the layers, one line each. */
export function layeringFaults(imports: readonly ImportLine[]): string[] {
  return imports.flatMap((each) => importFault(each) ?? []);
}

/** The fault of one import, or undefined. */
export function importFault({ file, line, specifier }: ImportLine): string | undefined {
  const target = targetOf(file, specifier);
  if (!target) return undefined;
  const place = `${file}:${line}`;
  const from = partOf(file);
  const to = partOf(target);
  if (from !== to && specifier.startsWith('.') && to !== undefined) {
    return `${place}: '${specifier}' leaves ${from ?? 'its folder'}: import '${aliasOf(target)}'`;
  }
  if (from === to || from === undefined || outside.includes(from) || file.endsWith('.test.ts'))
    return undefined;
  const mayUse = allowed[from];
  if (!mayUse)
    return `${place}: ${from} is not a part of the house: add it in scripts/develop/check/layering.ts`;
  if (to === undefined || mayUse.some((part) => target === part || target.startsWith(`${part}/`)))
    return undefined;
  return `${place}: ${from} may not use ${to} ('${specifier}'); it may use ${mayUse.join(', ') || 'only itself'}`;
}

/** The file that a specifier names, relative to the root; undefined for a package. */
export function targetOf(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return normalize(join(file, '..', specifier));
  const [, alias, rest] = /^#(\w+)\/(.*)$/.exec(specifier) ?? [];
  if (!alias) return undefined;
  return normalize(
    ['functions', ...outside].includes(alias) ? `${alias}/${rest}` : `layers/${alias}/${rest}`,
  );
}

/** `layers/ledger` for a file of a layer, the top folder for any other; undefined for a file of the root itself. */
function partOf(file: string): string | undefined {
  const [top, second, third] = file.split('/');
  // What commands put into a hidden folder, such as .stockade, belongs to no part.
  if (second === undefined || top?.startsWith('.')) return undefined;
  return top === 'layers' && third !== undefined ? `layers/${second}` : top;
}

function aliasOf(target: string): string {
  return `#${target.replace(/^layers\//, '')}`;
}
