import { RDSClient } from '@aws-sdk/client-rds';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { faultsOf } from './aws-model.ts';

/** One call of the SDK: what was asked for, before anything was made of it. */
export interface RecordedCommand {
  readonly service: 'rds' | 's3' | 'sns';
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** What the API's model has against the input. */
  readonly faults: readonly string[];
}

type Sends = (command: { input: Record<string, unknown>; schema?: unknown }, ...rest: unknown[]) => unknown;

/** Writes down every command of this process while the work is done; each is sent all the same. */
export async function recordCommands(work: () => Promise<unknown>): Promise<RecordedCommand[]> {
  const recorded: RecordedCommand[] = [];
  const clients = { rds: RDSClient, s3: S3Client, sns: SNSClient } as const;
  const ends = Object.entries(clients).map(([service, client]) => {
    const { prototype } = client as unknown as { prototype: { send: Sends } };
    const { send } = prototype;
    prototype.send = function (command, ...rest) {
      recorded.push({
        service: service as keyof typeof clients,
        operation: command.constructor.name.replace(/Command$/, ''),
        input: command.input,
        faults: faultsOf(command),
      });
      return send.call(this, command, ...rest);
    };
    // It was inherited before.
    return () => Reflect.deleteProperty(prototype, 'send');
  });
  try {
    await work();
  } finally {
    for (const end of ends) end();
  }
  return recorded;
}

/** What a call needs to be allowed, in the words of IAM: of S3 with the folder of the key, as policies name it. */
export function actionsOf({ service, operation, input }: RecordedCommand): string[] {
  const folder = `${String(input.Key ?? input.Prefix ?? '').split('/')[0]}/*`;
  switch (operation) {
    case 'PutObject':
      return ['s3:PutObject', ...(input.ObjectLockMode ? ['s3:PutObjectRetention'] : [])].map(
        (action) => `${action} ${folder}`,
      );
    case 'GetObject':
      return [`s3:${input.VersionId === undefined ? 'GetObject' : 'GetObjectVersion'} ${folder}`];
    case 'ListObjectVersions':
      return [`s3:ListBucketVersions ${folder}`];
    case 'RestoreDBInstanceFromDBSnapshot':
    case 'RestoreDBInstanceToPointInTime':
      return [`rds:${operation}`, ...(input.Tags ? ['rds:AddTagsToResource'] : [])];
    case 'Publish':
      // To a topic that is encrypted.
      return ['sns:Publish', 'kms:Decrypt', 'kms:GenerateDataKey*'];
    default:
      return [`${service}:${operation}`];
  }
}
