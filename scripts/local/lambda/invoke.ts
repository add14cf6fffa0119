import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';

/** A function's handler, as Lambda's Node runtime calls it. */
export type LambdaHandler<Event = APIGatewayProxyEventV2> = (event: Event, context: Context) => unknown;

export interface InvokeOptions {
  readonly functionName: string;
  readonly timeoutMs: number;
  /** Once it is aborted, the handler reads that no time is left: what watches its time then ends. */
  readonly signal?: AbortSignal | undefined;
}

/** A function took longer than it may; its work goes on in the background, as its environment would. */
export class InvocationTimeout extends Error {
  override readonly name = 'InvocationTimeout';
}

/**
 * Calls a handler with a copy of the event and a Lambda context, and waits for it.
 * @throws InvocationTimeout after `timeoutMs`; anything else is what the handler threw
 */
export async function invoke<Event>(
  handler: LambdaHandler<Event>,
  event: Event,
  options: InvokeOptions,
): Promise<unknown> {
  const { functionName, timeoutMs } = options;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new InvocationTimeout(`${functionName} did not answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  try {
    // Asynchronous, so that a handler that throws at once is a handler that rejects.
    const answer = (async () => handler(event, lambdaContext(options)))();
    return await Promise.race([answer, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function lambdaContext({ functionName, timeoutMs, signal }: InvokeOptions): Context {
  const deadlineMs = Date.now() + timeoutMs;
  const notSupported = () => {
    throw new Error('context.done, fail and succeed are not supported: return a promise');
  };
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${functionName}`,
    memoryLimitInMB: '1024',
    awsRequestId: randomUUID(),
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => (signal?.aborted ? 0 : Math.max(0, deadlineMs - Date.now())),
    done: notSupported,
    fail: notSupported,
    succeed: notSupported,
  };
}
