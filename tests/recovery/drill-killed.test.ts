import { expect, test } from 'vitest';
import { verifyBackup as start, untilWritten } from '#scripts/prove/recovery/drill-killed.ts';
import { openDrillWorld, theDrill } from './drill-world.ts';

const world = openDrillWorld();
/** The command and the evidence are those of `npm run prove:recovery`, which also kills it. */
const place = () => ({ adminUrl: world.rds.adminUrl, aws: world.rds.local });
const verifyBackup = (...args: string[]) => start(place(), ...args);

test('Ctrl-C gives a drill up: it has not passed, and nothing is left', async () => {
  const isAvailable = untilWritten(place(), 'available');
  const { child, ended } = verifyBackup('--json');
  await isAvailable();
  child.kill('SIGINT');
  const { code } = await ended;
  expect(code).not.toBe(0);
  expect(await theDrill()).toMatchObject({ verdict: { passed: false, summary: 'It was interrupted.' } });
  expect((await theDrill()).tornDownAt).toBeDefined();
  expect(await world.instancesLeft()).toEqual([]);
});

test('--keep leaves the instance there, and whoever asks next gets the drill it belongs to', async () => {
  const kept = await verifyBackup('--keep', '--json').ended;
  expect(kept.code).toBe(0);
  const drill = JSON.parse(kept.stdout);
  expect(await world.instancesLeft()).toEqual([drill.request.instance]);
  const again = JSON.parse((await verifyBackup('--json').ended).stdout);
  expect(again).toMatchObject({ id: drill.id, verdict: { passed: true } });
});
