import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { findBinaries } from '#scripts/local/postgres/binaries.ts';

/** Where and when something was measured. */
export interface Machine {
  /** The day, such as `2026-03-01`. */
  readonly day: string;
  readonly cores: number;
  readonly processor: string;
  readonly memoryGb: number;
  readonly node: string;
  readonly postgres: string;
  readonly system: string;
  /** The load of the last minute before the run: processes that run or wait for a core. */
  readonly load: number;
}

/** Describes this machine now: call it before anything is measured. */
export function describeMachine(): Machine {
  return {
    day: new Date().toISOString().slice(0, 10),
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    // `18.4.0-beta.17` is the seventeenth package of Postgres 18.4.
    postgres: findBinaries().version.split('.').slice(0, 2).join('.'),
    system: `${process.platform} ${process.arch}`,
    load: loadavg()[0] ?? 0,
  };
}
