import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment } from '#platform/environment.ts';
import { startLocalAws } from './loopback.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stockade-killed-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const clientOf = (env: Readonly<Record<string, string>>) =>
  new S3Client({
    endpoint: env.AWS_ENDPOINT_URL_S3 ?? '',
    region: env.AWS_REGION ?? '',
    maxAttempts: 1,
    credentials: {
      accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
    },
  });

test('kill -9 in the middle of a hundred puts: whatever was acknowledged is there, and all there is is whole', async () => {
  const directory = join(folder, 'aws');
  const script = join(folder, 'serve.ts');
  const loopback = new URL('./loopback.ts', import.meta.url).href;
  await writeFile(
    script,
    `import { startLocalAws } from ${JSON.stringify(loopback)};
     const { env } = await startLocalAws({ directory: ${JSON.stringify(directory)} });
     process.send(env);`,
  );
  const child = fork(script);
  const exited = once(child, 'exit');
  const [env] = await once(child, 'message');
  const bucket = env[environment.evidenceBucket];
  const client = clientOf(env);
  const body = (index: number) => `${index}:`.repeat(50_000);
  const acknowledged: string[] = [];
  await Promise.allSettled(
    Array.from({ length: 100 }, async (_, index) => {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: String(index), Body: body(index) }));
      acknowledged.push(String(index));
      if (acknowledged.length === 30) child.kill('SIGKILL');
    }),
  );
  expect(await exited).toEqual([null, 'SIGKILL']);
  client.destroy();
  expect(acknowledged.length).toBeLessThan(100);

  const again = await startLocalAws({ directory });
  const reader = clientOf(again.env);
  try {
    const keys = again.s3.keys(bucket);
    expect(keys).toEqual(expect.arrayContaining(acknowledged));
    for (const key of keys) {
      const { Body } = await reader.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      expect((await Body?.transformToString()) === body(Number(key))).toBe(true);
    }
  } finally {
    reader.destroy();
    await again.close();
  }
});
