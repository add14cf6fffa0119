import { randomUUID } from 'node:crypto';
import { escapeIdentifier } from 'pg';
import { asSuperuser, copyDatabase } from '../clone.ts';
import type { FaultClass, LoseEvidence } from './fault-class.ts';
import { faultClasses } from './faults.ts';
import { createFixture } from './fixture.ts';
import { type InjectionResult, inject } from './inject.ts';
import {
  changeSealedRows,
  columnsWithoutChange,
  type SealedRowClass,
  sealedRowClasses,
} from './sealed-rows.ts';

export interface ReconciliationResults {
  readonly results: readonly InjectionResult[];
  readonly ok: boolean;
}

/**
 * Injects every class of faults, each into its own copy of one fixture, and changes sealed rows in another copy. `clusterUrl` is the URL for the superuser, `template`
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
    readonly sealedRows?: readonly SealedRowClass[];
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
    options.signal?.throwIfAborted();
    const sealedRows = options.sealedRows ?? sealedRowClasses;
    const onResult = (result: InjectionResult) => options.onResult?.(result);
    if (sealedRows.length > 0)
      results.push(...(await changeSealedRows({ clusterUrl, template: fixture }, sealedRows, onResult)));
    const missed = await asSuperuser(fixtureUrl.href, columnsWithoutChange);
    if (missed.length > 0) throw new Error(`no change of sealed rows is about ${missed.join(', ')}`);
    return { results, ok: results.every(({ faults }) => faults.length === 0) };
  } finally {
    await asSuperuser(clusterUrl, (client) =>
      client.query(`drop database if exists ${escapeIdentifier(fixture)} with (force)`),
    );
  }
}
