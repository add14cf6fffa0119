import { drillKilled } from './drill-killed.ts';
import { inTheCopy } from './in-the-copy.ts';
import { ofTheBackup } from './of-the-backup.ts';
import { ofTheDrill } from './of-the-drill.ts';
import { ofTheMonitor } from './of-the-monitor.ts';
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
