import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { paths } from '#scripts/paths.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { runExample } from './example.ts';

const world = openWorld();
const folder = join(paths.root, 'docs/examples');
const examples = readdirSync(folder).filter((file) => file.endsWith('.sql'));

/** The values that an example uses for an organization: its id, and the parts of its API key. */
function variablesOf(name: string, { id, apiKey }: Caller): Record<string, string> {
  const key = parseApiKey(apiKey, 'test');
  if (!key) throw new Error('the world creates keys that can be read');
  return {
    [`${name}_id`]: id,
    [`${name}_key`]: key.keyId,
    [`${name}_digest`]: `\\x${key.secretDigest.toString('hex')}`,
  };
}

test.each(examples)('docs/examples/%s has the output that is committed beside it', async (file) => {
  const [acme, globex] = [await world.createOrganization(), await world.createOrganization()];
  for (const organization of [acme, globex]) {
    await organization.item('TEA');
    await organization.location('LONDON');
    await organization.location('CAMDEN');
  }
  const output = await runExample(readFileSync(join(folder, file), 'utf8'), {
    variables: { ...variablesOf('acme', acme), ...variablesOf('globex', globex) },
    connect: async (role) => {
      const client = role === 'postgres' ? await world.superuser() : await world.connect(role as never);
      return { query: (text) => client.query({ text, rowMode: 'array' }) };
    },
  });
  await expect(output).toMatchFileSnapshot(join(folder, `${file}.out`));
});

test('every output has its example', () => {
  const outputs = readdirSync(folder).filter((file) => file.endsWith('.out'));
  expect(outputs).toEqual(examples.map((file) => `${file}.out`));
});
