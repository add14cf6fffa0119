import { backupAttacks } from './backup-attacks.ts';
import { copyAttacks } from './copy-attacks.ts';
import { diskAttacks } from './disk-attacks.ts';
import { drillAttacks } from './drill-attacks.ts';
import { drillKilled } from './drill-killed.ts';
import { monitorAttacks } from './monitor-attacks.ts';
import type { Sabotage } from './sabotage.ts';

/** Every sabotage, in the order of the report. */
export const sabotages: readonly Sabotage[] = [
  ...drillAttacks,
  ...drillKilled,
  ...copyAttacks,
  ...diskAttacks,
  ...backupAttacks,
  ...monitorAttacks,
];
