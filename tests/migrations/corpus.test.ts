import { expect, test } from 'vitest';
import { rules } from '#schema/validator/rules/rules.ts';
import { findsAll, judgeCorpusFile, readCorpus, scoreOf } from '#tests/prove/validator/corpus.ts';

const corpus = await readCorpus();

test('the validator catches every bad migration of the corpus, with the fault that it has, and no good one', async () => {
  const found = new Map<string, string[]>();
  for (const file of corpus) {
    const { findings } = await judgeCorpusFile(file);
    found.set(
      file.file,
      findings.map(({ rule }) => rule),
    );
  }
  const score = scoreOf(corpus, found, findsAll);
  const explained = (files: readonly string[]) => files.map((file) => [file, found.get(file)]);
  expect(explained(score.missed)).toEqual([]);
  expect(explained(score.falseAlarms)).toEqual([]);
  expect(score.caught.length + score.good).toBe(corpus.length);
});

test('every rule has a bad migration in the corpus', () => {
  const planted = new Set(corpus.flatMap(({ expected }) => expected));
  expect(rules.map(({ name }) => name).filter((name) => !planted.has(name))).toEqual([]);
  expect(corpus.length).toBeGreaterThanOrEqual(60);
});
