import { expect, test } from 'vitest';
import { tokenConfig } from '#platform/config.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { mintPass } from '#tenancy/credentials/passes.ts';
import { openWorld } from '#tests/world.ts';

const world = openWorld();

interface PlanNode {
  readonly 'Relation Name'?: string;
  readonly Filter?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly PlanNode[];
}

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** Ways to read that a session may turn off for itself, so that what is planned within functions is turned round too. */
const ways = ['seqscan', 'indexscan', 'bitmapscan', 'hashjoin', 'mergejoin', 'nestloop'];

/** By what organizations are found and left out while a statement runs with only some ways on. */
async function conditionsOnOrganizations(
  on: readonly string[],
  call: string,
  values: readonly unknown[],
): Promise<string[]> {
  const client = await world.superuser();
  const conditions: string[] = [];
  client.on('notice', ({ message = '' }) => {
    const [, plan] = /plan:\n([\s\S]+)$/.exec(message) ?? [];
    if (!plan) return;
    const { Plan } = JSON.parse(plan) as { Plan: PlanNode };
    const found = nodesOf(Plan).filter((node) => node['Relation Name'] === 'organizations');
    conditions.push(...found.map((node) => `${node['Index Cond'] ?? ''} ${node.Filter ?? ''}`));
  });
  await client.query(`load 'auto_explain'`);
  await client.query(`begin; set local client_min_messages = log; set local auto_explain.log_min_duration = 0;
    set local auto_explain.log_nested_statements = on; set local auto_explain.log_format = json;
    ${ways.map((way) => `set local enable_${way} = ${on.includes(way) ? 'on' : 'off'};`).join(' ')}`);
  await client.query(call, [...values]);
  await client.query('rollback');
  return conditions;
}

// A selector that is compared with the slugs of all organizations would show by the time whether there is such a one.
test.each([
  [['seqscan', 'hashjoin']],
  [['seqscan', 'mergejoin']],
  [['seqscan', 'nestloop']],
  [['indexscan', 'hashjoin']],
  [['indexscan', 'nestloop']],
])('with only %j, selectors are compared with the organizations of the caller alone', async (on) => {
  const acme = await world.createOrganization();
  await world.join('clerk@example.com', acme, 'clerk');
  const key = parseApiKey(acme.apiKey, 'test');
  const passKey = tokenConfig()?.passKey;
  if (!passKey) throw new Error('the world has no pass key');
  const found = [
    ...(await conditionsOnOrganizations(on, 'call tenancy.enter_with_key($1, $2, $3, $4)', [
      key?.keyId,
      key?.secretDigest,
      'read',
      [],
    ])),
    ...(await conditionsOnOrganizations(on, 'call tenancy.enter_with_pass($1, $2, $3)', [
      mintPass('clerk@example.com', passKey),
      'read',
      [acme.slug],
    ])),
  ];
  expect(found.length).toBeGreaterThanOrEqual(2);
  for (const condition of found) {
    expect(condition).toMatch(/\(id = /);
    expect(condition).not.toMatch(/slug|SubPlan/);
  }
});
