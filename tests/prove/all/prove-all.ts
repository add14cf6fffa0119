import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import type { Tally } from '../tally.ts';
import type { Proof } from './proofs.ts';

export interface ProofResult {
  readonly proof: string;
  readonly holds: boolean;
  /** Undefined when the proof could not run. */
  readonly tally: Tally | undefined;
  /** Why it could not run. */
  readonly failure: string | undefined;
  readonly durationMs: number;
}

export const allHeld = (results: readonly ProofResult[]): boolean => results.every(({ holds }) => holds);

const Answer = z.object({ tally: z.object({ tried: z.int(), held: z.int() }) });
const Failed = z.object({ error: z.object({ message: z.string() }) });

/** Runs proofs one after the other, each in a process of its own, which is stopped with this one. */
export async function proveAll(
  proofs: readonly Proof[],
  options: {
    readonly signal: AbortSignal;
    readonly onStart: (name: string) => void;
    readonly onResult: (result: ProofResult) => void;
  },
): Promise<readonly ProofResult[]> {
  const results: ProofResult[] = [];
  for (const proof of proofs) {
    options.signal.throwIfAborted();
    options.onStart(proof.name);
    const result = await prove(proof, options.signal);
    // An interrupted proof says nothing.
    options.signal.throwIfAborted();
    results.push(result);
    options.onResult(result);
  }
  return results;
}

async function prove({ name, file }: Proof, signal: AbortSignal): Promise<ProofResult> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [file, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = () => child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  try {
    const [[code], answer, errors] = await Promise.all([
      once(child, 'exit'),
      text(child.stdout),
      text(child.stderr),
    ]);
    const tally = Answer.safeParse(jsonOf(answer)).data?.tally;
    return {
      proof: name,
      holds: code === 0 && tally !== undefined,
      tally,
      failure: tally
        ? undefined
        : (reasonIn(errors) ?? `it ended with exit code ${code} and without a tally`),
      durationMs: performance.now() - startedMs,
    };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** A failed command says why on its last line, as JSON. */
function reasonIn(errors: string): string | undefined {
  return Failed.safeParse(jsonOf(errors.trim().split('\n').at(-1) ?? '')).data?.error.message;
}

function jsonOf(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    return undefined;
  }
}
