import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
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
    // A stream with a checksum behind it would be sent in an encoding that evidence never uses.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    credentials: {
      accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
    },
  });

/** Half of a body; the other half never comes. */
function halfOf(body: string): Readable {
  const sent = Buffer.from(body.slice(0, body.length / 2));
  let isSent = false;
  return new Readable({
    read() {
      if (!isSent) this.push(sent);
      isSent = true;
    },
  });
}

test('kill -9 in the middle of puts: what was acknowledged is there and whole, and nothing of the others', async () => {
  const directory = join(folder, 'aws');
  const staging = join(directory, 's3/.staging');
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
  const body = (key: string) => `${key}:`.repeat(50_000);
  const put = (key: string, Body: string | Readable = body(key)) =>
    client.send(
      new PutObjectCommand({ Bucket: bucket, Key: key, Body, ContentLength: Buffer.byteLength(body(key)) }),
    );
  const acknowledged = Array.from({ length: 30 }, (_, n) => `whole-${n}`).sort();
  await Promise.all(acknowledged.map((key) => put(key)));
  const halves = Array.from({ length: 10 }, (_, n) => `half-${n}`);
  const refused = Promise.all(halves.map((key) => expect(put(key, halfOf(body(key)))).rejects.toThrow()));
  // What has arrived of each is on the disk, and they wait for the rest.
  await vi.waitFor(async () => {
    const files = await readdir(staging);
    const bytes = await Promise.all(files.map(async (file) => (await stat(join(staging, file))).size));
    expect(bytes).toEqual(halves.map((key) => body(key).length / 2));
  });
  child.kill('SIGKILL');
  expect(await exited).toEqual([null, 'SIGKILL']);
  await refused;
  client.destroy();

  const again = await startLocalAws({ directory });
  const reader = clientOf(again.env);
  try {
    expect(again.s3.keys(bucket)).toEqual(acknowledged);
    expect(await readdir(staging)).toEqual([]);
    for (const key of acknowledged) {
      const { Body } = await reader.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      expect((await Body?.transformToString()) === body(key)).toBe(true);
    }
  } finally {
    reader.destroy();
    await again.close();
  }
});
