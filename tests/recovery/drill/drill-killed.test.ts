import { expect, test } from 'vitest';
import { recordService } from '#tests/recorded-aws.ts';
import { verifyBackup as start, untilWritten } from '../../prove/recovery/drill-killed.ts';
import { openDrillWorld, theDrill } from './drill-world.ts';

const world = openDrillWorld();
/** The place of the command and its evidence, as in `npm run prove:recovery`, which kills the command. */
const place = () => ({ adminUrl: world.rds.adminUrl, aws: world.rds.local });
const verifyBackup = (...args: string[]) => start(place(), ...args);

test('Ctrl-C gives a drill up: it fails, and its instance is deleted', async () => {
  const isAvailable = untilWritten(place(), 'available');
  // The command cannot change the master password, so the drill stops here.
  world.rds.rds.faults.inject('down', { operation: 'ModifyDBInstance' });
  const { child, ended } = verifyBackup('--json');
  await isAvailable();
  child.kill('SIGINT');
  const { code, stdout } = await ended;
  const drill = await theDrill();
  expect([code, JSON.parse(stdout).id]).toEqual([1, drill.id]);
  expect(drill).toMatchObject({
    verdict: { passed: false, summary: 'It was interrupted.' },
    availableAfterMs: expect.any(Number),
    queryableAfterMs: undefined,
    tornDownAt: expect.any(Date),
  });
  expect(await world.instancesLeft()).toEqual([]);
});

test('when several commands prove one drill, one gives the verdict, and all report it', async () => {
  const runs = await Promise.all([1, 2, 3].map(() => verifyBackup('--json').ended));
  const { id } = await theDrill();
  expect(runs.map(({ code, stdout }) => [code, JSON.parse(stdout).id])).toEqual(Array(3).fill([0, id]));
  expect(await theDrill()).toMatchObject({ verdict: { passed: true } });
  expect(await world.instancesLeft()).toEqual([]);
});

test('--keep keeps the instance, and the next command returns the drill that it belongs to', async () => {
  const endpoint = process.env.AWS_ENDPOINT_URL_RDS ?? '';
  const recorder = await recordService('rds', endpoint);
  process.env.AWS_ENDPOINT_URL_RDS = recorder.url;
  const begunAtMs = performance.now();
  const kept = await verifyBackup('--keep', '--json').ended;
  const halfSeconds = (performance.now() - begunAtMs) / 500;
  process.env.AWS_ENDPOINT_URL_RDS = endpoint;
  await recorder.close();
  expect(kept.code).toBe(0);
  // The command looks for the instance twice a second.
  expect(recorder.count('rds:DescribeDBInstances')).toBeLessThan(halfSeconds + 5);
  const drill = JSON.parse(kept.stdout);
  expect(await world.instancesLeft()).toEqual([drill.request.instance]);
  const again = JSON.parse((await verifyBackup('--json').ended).stdout);
  expect(again).toMatchObject({ id: drill.id, verdict: { passed: true } });
});
