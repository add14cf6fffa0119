import { DeleteDBInstanceCommand, ModifyDBInstanceCommand } from '@aws-sdk/client-rds';
import { describeInstance, rdsClient } from '#recovery/rds/rds.ts';
import type { RdsWorld } from '#tests/rds.ts';

/** Deletes an instance that was restored beside production, as the printed commands do. Does nothing without it. */
export async function deleteInstance({ rds }: RdsWorld, name: string): Promise<void> {
  if (!(await describeInstance(name))) return;
  await rdsClient().send(
    new ModifyDBInstanceCommand({
      DBInstanceIdentifier: name,
      DeletionProtection: false,
      ApplyImmediately: true,
    }),
  );
  await rds.settled();
  await rdsClient().send(
    new DeleteDBInstanceCommand({
      DBInstanceIdentifier: name,
      SkipFinalSnapshot: true,
      DeleteAutomatedBackups: true,
    }),
  );
  await rds.settled();
}
