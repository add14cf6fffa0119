import { ofTheBackup } from './backup-attacks.ts';
import { ofTheDrill } from './drill-attacks.ts';
import { drillKilled } from './drill-killed.ts';
import { inTheCopy } from './in-the-copy.ts';
import { ofTheMonitor } from './monitor-attacks.ts';
import { onDisk } from './on-disk.ts';
import type { Sabotage } from './sabotage.ts';

/** Every way in which a backup is none or cannot be brought back, in the order in which they are told. */
export const sabotages: readonly Sabotage[] = [
  ...ofTheDrill,
  ...drillKilled,
  ...inTheCopy,
  ...onDisk,
  ...ofTheBackup,
  ...ofTheMonitor,
];
