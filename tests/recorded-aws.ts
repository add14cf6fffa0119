import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What was asked of a service of AWS, in the words of IAM, each once and in order. */
export interface RecordedService {
  readonly url: string;
  readonly actions: () => string[];
  /** How often something was asked. */
  readonly count: (action: string) => number;
  close(): Promise<void>;
}

/** Stands before a service and passes everything on unchanged: signatures cover the host that the client named. */
export async function recordService(service: 'rds' | 'sns' | 's3', target: string): Promise<RecordedService> {
  const asked: string[] = [];
  const { hostname, port } = new URL(target);
  const server = createServer(async (incoming, answer) => {
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece);
    const body = Buffer.concat(pieces);
    asked.push(`${service}:${service === 's3' ? actionOfS3(incoming) : actionOfQuery(body)}`);
    const { method, url: path, headers } = incoming;
    const passed = request({ hostname, port, method, path, headers }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    passed.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    actions: () => [...new Set(asked)].sort(),
    count: (action) => asked.filter((each) => each === action).length,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function actionOfQuery(body: Buffer): string {
  return new URLSearchParams(body.toString('utf8')).get('Action') ?? '';
}

/** The actions that a request of S3 needs are not called as its operations are. */
function actionOfS3({ method, url = '' }: IncomingMessage): string {
  const { searchParams } = new URL(url, 'http://s3.local');
  if (method === 'GET' && searchParams.has('versions')) return 'ListBucketVersions';
  if (method === 'GET' && searchParams.has('versionId')) return 'GetObjectVersion';
  return `${method} ${url}`;
}
