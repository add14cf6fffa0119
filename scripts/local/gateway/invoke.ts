import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';

/** A function's handler, as Lambda's Node runtime calls it. */
export type LambdaHandler = (event: APIGatewayProxyEventV2, context: Context) => unknown;

/** A function took longer than it may; its work goes on in the background, as its environment would. */
export class InvocationTimeout extends Error {
  override readonly name = 'InvocationTimeout';
}

/**
 * Calls a handler with a copy of the event and a Lambda context, and waits for it.
 * @throws InvocationTimeout after `timeoutMs`; anything else is what the handler threw
 */
export async function invoke(
  handler: LambdaHandler,
  event: APIGatewayProxyEventV2,
  functionName: string,
  timeoutMs: number,
): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new InvocationTimeout(`${functionName} did not answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  try {
    // Asynchronous, so that a handler that throws at once is a handler that rejects.
    const answer = (async () => handler(event, lambdaContext(functionName, timeoutMs)))();
    return await Promise.race([answer, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function lambdaContext(functionName: string, timeoutMs: number): Context {
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
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
    done: notSupported,
    fail: notSupported,
    succeed: notSupported,
  };
}
