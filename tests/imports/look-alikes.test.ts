import { expect, test } from 'vitest';
import { openDatabase } from './database.ts';
import { newOrganization, plainProfile, type RunOptions, run } from './engine.ts';

/** An import reports what it creates and what could be taken for something else. A dry run does so before anything is written. */

const database = openDatabase();
const { organization: _, ...profile } = { ...plainProfile, location: { column: 'at' } };

/** An organization with these items, at MAIN. */
async function own(...skus: string[]) {
  const org = await newOrganization(database);
  await database.ask(
    'insert into inventory.items (org_id, sku, name) select $1, sku, sku from unnest($2::text[]) as sku',
    [org.id, skus],
  );
  await database.ask(`insert into inventory.locations (org_id, code, name) values ($1, 'MAIN', 'Main')`, [
    org.id,
  ]);
  const runLines = async (lines: string, options?: RunOptions) => {
    const { report } = await run(database, `sku,at,qty,ref\n${lines}`, {
      profile,
      organizations: org.directory,
      ...options,
    });
    return { alike: report.lookAlikes.map(({ kind, code, like }) => [kind, code, like]), report };
  };
  return { slug: org.slug, run: runLines };
}

const alike: readonly (readonly [what: string, known: string, code: string])[] = [
  ['a Cyrillic letter', 'BOLT-2', 'B\u041eLT-2'],
  ['only Cyrillic letters', 'BOCK', '\u0412\u041e\u0421\u041a'],
  ['a Greek letter', 'NUT-5', 'NU\u03a4-5'],
  ['another hyphen', 'CAF\u00c9-01', 'CAF\u00c9\u201001'],
  ['full width', 'TEA-02', '\uff34\uff25\uff21-02'],
  ['another case', 'TH\u00c9-03', 'th\u00e9-03'],
  ['the letter O for a zero', 'SCREW-20', 'SCREW-2O'],
  ['the letter l for a one', 'PIN-1', 'PIN-l'],
  ['rn for m', 'modem', 'modern'],
  ['a typographic quotation mark', "5'-PIPE", '5\u2019-PIPE'],
];

test('a dry run and the import report a new code that could be taken for an existing one', async () => {
  const org = await own('OTHER', ...alike.map(([, known]) => known));
  const lines = [...alike, ...alike].map(([, , code], n) => `${code},MAIN,1,r${n}\n`).join('');
  const told = alike.map(([, known, code]) => ['item', code, [known]]);
  const inOrder = told.toSorted(([, one], [, other]) => ((one ?? '') < (other ?? '') ? -1 : 1));
  expect((await org.run(lines, { trial: true })).alike).toEqual(inOrder);
  expect((await org.run(lines)).alike).toEqual(inOrder);
  // They exist now, and nothing that looks like something is created.
  expect((await org.run(`${lines}PLAIN,MAIN,1,r\n`)).alike).toEqual([]);
});

test('codes that the file itself brings are compared with each other, in whatever batches', async () => {
  for (const batchLines of [1, 1_000]) {
    for (const trial of [true, false]) {
      const org = await own();
      const { alike: told, report } = await org.run(
        'B\u041eLT,\u041cAIN,1,r1\nBOLT,MAIN,1,r2\nB0LT,M\u0410IN,1,r3\n',
        { batchLines, trial },
      );
      const bolts = ['B0LT', 'BOLT', 'B\u041eLT'];
      expect([trial, told]).toEqual([
        trial,
        [
          ...bolts.map((code) => ['item', code, bolts.filter((other) => other !== code)]),
          ['location', 'M\u0410IN', ['MAIN', '\u041cAIN']],
          ['location', '\u041cAIN', ['MAIN', 'M\u0410IN']],
        ],
      ]);
      expect([report.lookAlikeCount, report.lookAlikes[0]?.organization]).toEqual([5, org.slug]);
    }
  }
});

test('codes that only resemble each other are not reported, nor those of another organization', async () => {
  await own('B\u041eLT');
  const org = await own('CAFE-01', 'A-1', '\u0416-1');
  const { alike: told } = await org.run(
    'BOLT,MAIN,1,r\nCAF\u00c9-01,MAIN,1,r\nA_1,MAIN,1,r\nA-2,MAIN,1,r\n\u0428-1,MAIN,1,r\n',
  );
  expect(told).toEqual([]);
});

test('an import reports an organization that it creates and that looks like another one', async () => {
  const { slug } = await newOrganization(database);
  const text = `org,sku,qty,ref\n${slug.replace('org', '0rg')},A,1,r\n${slug.replace('o', '0')}m,A,1,r\n${slug}rn,A,1,r\n`;
  for (const trial of [true, false]) {
    const { report } = await run(database, text, {
      profile: { ...plainProfile, organization: { column: 'org' } },
      trial,
    });
    expect(report.lookAlikes).toEqual([
      {
        organization: `0rg${slug.slice(3)}`,
        kind: 'organization',
        code: `0rg${slug.slice(3)}`,
        like: [slug],
      },
      { organization: `${slug}rn`, kind: 'organization', code: `${slug}rn`, like: [`0rg${slug.slice(3)}m`] },
    ]);
  }
});
