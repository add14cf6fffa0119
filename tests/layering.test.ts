import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { circleFaults, circlesOf } from '#scripts/develop/check/circles.ts';
import { readImports } from '#scripts/develop/check/imports.ts';
import { importFault, importsOfHouse, layeringFaults } from '#scripts/develop/check/layering.ts';
import { paths } from '#scripts/paths.ts';

describe('the house', async () => {
  const imports = await importsOfHouse(paths.root);

  test('imports go only the way the design says', () => {
    expect(layeringFaults(imports)).toEqual([]);
  });

  test('imports have no circles, type imports included', () => {
    expect(circleFaults(imports)).toEqual([]);
  });
});

describe('what is refused', () => {
  test.each([
    ['layers/platform/a.ts', '#tenancy/b.ts', 'layers/platform may not use layers/tenancy'],
    ['layers/platform/a.ts', '#schema/b.ts', 'layers/platform may not use layers/schema'],
    ['layers/schema/a.ts', '#tenancy/b.ts', 'layers/schema may not use layers/tenancy'],
    ['layers/ledger/a.ts', '#audit/b.ts', 'layers/ledger may not use layers/audit'],
    ['layers/audit/a.ts', '#recovery/b.ts', 'layers/audit may not use layers/recovery'],
    ['layers/recovery/a.ts', '#portability/b.ts', 'layers/recovery may not use layers/portability'],
    ['layers/http/a.ts', '#schema/b.ts', 'layers/http may not use layers/schema'],
    ['layers/tenancy/a.ts', '#ledger/b.ts', 'layers/tenancy may not use layers/ledger'],
    ['layers/tenancy/a.ts', '#http/b.ts', 'layers/tenancy may not use layers/http'],
    ['layers/ledger/imports/a.ts', '#recovery/b.ts', 'layers/ledger may not use layers/recovery'],
    ['layers/ledger/a.ts', '#http/b.ts', 'layers/ledger may not use layers/http'],
    ['layers/recovery/a.ts', '#http/b.ts', 'layers/recovery may not use layers/http'],
    ['layers/http/a.ts', '#ledger/b.ts', 'layers/http may not use layers/ledger'],
    ['layers/http/a.ts', '#functions/routes.ts', 'layers/http may not use functions'],
    ['layers/platform/a.ts', '#scripts/paths.ts', 'layers/platform may not use scripts'],
    ['functions/api/a.lambda.ts', '#scripts/paths.ts', 'functions may not use scripts'],
    ['functions/api/a.lambda.ts', '#tests/world.ts', 'functions may not use tests'],
    ['infra/app.ts', '#platform/postgres/database.ts', 'infra may not use layers/platform'],
    ['infra/app.ts', '#functions/api/items.lambda.ts', 'infra may not use functions'],
    ['infra/stacks/a.ts', '#scripts/paths.ts', 'infra may not use scripts'],
    ['sql/a.ts', '#platform/log.ts', 'sql is not a part of the house'],
    ['layers/ledger/a.ts', '../tenancy/b.ts', "leaves layers/ledger: import '#tenancy/b.ts'"],
    ['layers/ledger/imports/a.ts', '../../platform/b.ts', "leaves layers/ledger: import '#platform/b.ts'"],
    ['functions/api/a.lambda.ts', '../../layers/http/b.ts', "leaves functions: import '#http/b.ts'"],
    ['scripts/a.ts', '../tests/world.ts', "leaves scripts: import '#tests/world.ts'"],
    ['layers/ledger/a.test.ts', '../tenancy/b.ts', "leaves layers/ledger: import '#tenancy/b.ts'"],
  ])('%s may not import %s', (file, specifier, fault) => {
    expect(importFault({ file, line: 7, specifier })).toContain(fault);
    expect(importFault({ file, line: 7, specifier })).toMatch(new RegExp(`^${file}:7: `));
  });
});

describe('what is allowed', () => {
  test.each([
    ['layers/tenancy/a.ts', '#platform/b.ts'],
    ['layers/ledger/a.ts', '#tenancy/b.ts'],
    ['layers/recovery/a.ts', '#audit/b.ts'],
    ['layers/portability/a.ts', '#recovery/b.ts'],
    ['layers/audit/a.ts', '#ledger/b.ts'],
    ['layers/tenancy/a.ts', '#schema/b.ts'],
    ['layers/http/a.ts', '#tenancy/b.ts'],
    ['layers/ledger/imports/a.ts', '../entries.ts'],
    ['layers/ledger/a.ts', './b.ts'],
    ['layers/ledger/a.ts', 'pg'],
    ['layers/ledger/a.ts', 'node:fs'],
    ['functions/api/a.lambda.ts', '#ledger/b.ts'],
    ['functions/api/a.lambda.ts', '../routes.ts'],
    ['infra/stacks/a.ts', '../config.ts'],
    ['infra/app.ts', '../cdk.json'],
    ['infra/app.ts', '#functions/routes.ts'],
    ['infra/app.ts', '#functions/schedules.ts'],
    ['infra/app.ts', '#platform/environment.ts'],
    ['scripts/a.ts', '#ledger/b.ts'],
    ['bench/a.ts', '#scripts/paths.ts'],
    ['layers/platform/a.test.ts', '#tests/world.ts'],
    ['layers/platform/a.test.ts', '#ledger/b.ts'],
  ])('%s may import %s', (file, specifier) => {
    expect(importFault({ file, line: 1, specifier })).toBeUndefined();
  });
});

describe('what counts as a circle', () => {
  const at = (file: string, specifier: string) => ({ file, line: 1, specifier });
  test.each([
    [
      'two files',
      [at('layers/a/x.ts', './y.ts'), at('layers/a/y.ts', '#a/x.ts')],
      'layers/a/x.ts layers/a/y.ts',
    ],
    [
      'the shortest way round of several',
      [
        at('layers/a/x.ts', './y.ts'),
        at('layers/a/y.ts', './z.ts'),
        at('layers/a/z.ts', './x.ts'),
        at('layers/a/y.ts', './x.ts'),
      ],
      'layers/a/x.ts layers/a/y.ts layers/a/z.ts layers/a/x.ts layers/a/y.ts',
    ],
    ['a file that imports itself', [at('scripts/x.ts', './x.ts')], 'scripts/x.ts'],
    [
      'two ways to one file',
      [at('bench/x.ts', './y.ts'), at('bench/x.ts', './z.ts'), at('bench/y.ts', './z.ts')],
      '',
    ],
    [
      'a way into a circle is none',
      [at('bench/a.ts', './x.ts'), at('bench/x.ts', './y.ts'), at('bench/y.ts', './x.ts')],
      'bench/x.ts bench/y.ts',
    ],
    ['packages and data', [at('bench/x.ts', 'pg'), at('bench/x.ts', './data.json')], ''],
  ])('%s', (_, imports, circles) => {
    expect(circlesOf(imports).flat().join(' ')).toBe(circles);
  });
});

describe('what counts as an import', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'stockade-layering-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  async function plant(file: string, content: string): Promise<void> {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), content);
  }

  test('every form of import, and nothing that only looks like one', async () => {
    await plant(
      'layers/platform/tricky.ts',
      `import type { A } from '#a/type.ts';
import { type B } from "#a/inline-type.ts";
import C, {
  D,
} from '#a/several-lines.ts';
import '#a/side-effect.ts';
import * as all from '#a/namespace.ts';
import type Only from '#a/type-default.ts';
import json from './data.json' with { type: 'json' };
export * from '#a/export-all.ts';
export { F } from '#a/export-named.ts';
export type { G } from '#a/export-type.ts';
const lazy = async () => (await import('#a/dynamic.ts')).x;
// import { no } from '#no/line-comment.ts';
/* import { no } from '#no/block-comment.ts'; */
const text = "import { no } from '#no/string.ts'";
const template = \`
import { no } from '#no/template.ts';
import type { no2 } from '#no/template-type.ts';
\`;
const pattern = /['"]/; // import '#no/after-pattern.ts'
const type = 1;
`,
    );
    const found = await readImports(root, ['layers/platform/tricky.ts']);
    expect(found.map(({ line, specifier }) => [line, specifier])).toEqual([
      [1, '#a/type.ts'],
      [2, '#a/inline-type.ts'],
      [5, '#a/several-lines.ts'],
      [6, '#a/side-effect.ts'],
      [7, '#a/namespace.ts'],
      [8, '#a/type-default.ts'],
      [9, './data.json'],
      [10, '#a/export-all.ts'],
      [11, '#a/export-named.ts'],
      [12, '#a/export-type.ts'],
      [13, '#a/dynamic.ts'],
    ]);
  });

  test('a bad import planted anywhere in a house is found', async () => {
    await plant('layers/platform/deep/er/a.ts', `import type { X } from '#ledger/x.ts';\n`);
    await plant('infra/stacks/b.ts', `\nexport const x = () => import('#ledger/x.ts');\n`);
    await plant('functions/good.ts', `import '#ledger/x.ts';\n`);
    await plant('node_modules/functions/c.ts', `import '#scripts/x.ts';\n`);
    expect(layeringFaults(await importsOfHouse(root))).toEqual([
      expect.stringMatching(/^infra\/stacks\/b\.ts:2: infra may not use layers\/ledger/),
      expect.stringMatching(
        /^layers\/platform\/deep\/er\/a\.ts:1: layers\/platform may not use layers\/ledger/,
      ),
    ]);
  });
});
