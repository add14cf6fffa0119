import { counted } from '#platform/text/plural.ts';
import { type AdoptionProof, holds } from './proof.ts';

/** The proof for people. */
export function adoptionProofText(proofs: readonly AdoptionProof[]): string {
  return proofs.map(oneProof).join('\n\n');
}

function oneProof(proof: AdoptionProof): string {
  const { fixture, rows, files, quiet, expand, contract, faults, seen } = proof;
  const gaps = seen.filter(({ together, there, outside }) => together !== there || outside > 0);
  const waits = (
    name: string,
    { statements, failures, longestMs }: AdoptionProof['quiet'],
    seconds?: number,
  ) =>
    `  ${name.padEnd(20)} ${counted(statements, 'statement')}, ${failures.length} failed, longest ${Math.round(longestMs)} ms${
      seconds === undefined
        ? ''
        : ` (${seconds.toFixed(1)} s of migration, ${(longestMs / quiet.longestMs).toFixed(1)} times the longest alone)`
    }`;
  return [
    `${holds(proof) ? 'HOLDS ' : 'FAILS '} ${fixture}: ${rows} rows, ${counted(files, 'file')}`,
    waits('without a migration', quiet),
    waits('until the contract', expand, expand.seconds),
    waits('during the contract', contract, contract.seconds),
    `  ${faults === '' ? 'the isolation lint is clean' : faults}`,
    gaps.length === 0
      ? '  every row is seen by one organization, and by nobody outside of one'
      : `  seen together, there, seen outside: ${gaps.map(({ table, together, there, outside }) => `${table} ${together}, ${there}, ${outside}`).join('; ')}`,
    ...[...quiet.failures, ...expand.failures, ...contract.failures]
      .slice(0, 5)
      .map((message) => `  failed: ${message}`),
  ].join('\n');
}
