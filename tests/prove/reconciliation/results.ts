import { randomUUID } from 'node:crypto';
import { escapeIdentifier } from 'pg';
import { asSuperuser, copyDatabase } from '../clone.ts';
import { type FaultClass, faultClasses, type LoseEvidence } from './faults.ts';
import { createFixture } from './fixture.ts';
import { type InjectionResult, inject } from './inject.ts';

export interface ReconciliationResults {
  readonly results: readonly InjectionResult[];
  readonly ok: boolean;
}

/**
 * Injects every class of faults, each into its own copy of one fixture. `clusterUrl` is the URL for the superuser, `template`
 * a migrated database without connections. process.env must name an evidence bucket; `loseEvidence` removes keys from it.
 */
export async function proveFaults(
  {
    clusterUrl,
    template,
    loseEvidence,
  }: { readonly clusterUrl: string; readonly template: string; readonly loseEvidence: LoseEvidence },
  options: {
    readonly classes?: readonly FaultClass[];
    readonly onResult?: (result: InjectionResult) => void;
    readonly signal?: AbortSignal;
  } = {},
): Promise<ReconciliationResults> {
  const fixture = `fixture_${randomUUID().replaceAll('-', '')}`;
  await copyDatabase(clusterUrl, fixture, template);
  const fixtureUrl = new URL(clusterUrl);
  fixtureUrl.pathname = fixture;
  try {
    await createFixture(fixtureUrl.href);
    const results: InjectionResult[] = [];
    for (const fault of options.classes ?? faultClasses) {
      options.signal?.throwIfAborted();
      const result = await inject({ clusterUrl, template: fixture, loseEvidence }, fault);
      results.push(result);
      options.onResult?.(result);
    }
    return { results, ok: results.every(({ faults }) => faults.length === 0) };
  } finally {
    await asSuperuser(clusterUrl, (client) =>
      client.query(`drop database if exists ${escapeIdentifier(fixture)} with (force)`),
    );
  }
}
