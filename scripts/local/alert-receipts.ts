import { log } from '#platform/log.ts';
import { lambdaEventOf } from './aws/sns/lambda-event.ts';
import type { Message } from './aws/sns/message.ts';
import type { LocalSns } from './aws/sns/service.ts';
import type { HandlerLoader } from './lambda/handlers.ts';
import { invoke } from './lambda/invoke.ts';

const functionName = 'alert-receipt';
const timeoutMs = 60_000;

/** As on AWS, a function has subscribed that notes which alerts arrive. Returns what waits for those under way. */
export function noteReceipts(sns: LocalSns, { loadJob }: HandlerLoader): () => Promise<void> {
  let noting: Promise<unknown> = Promise.resolve();
  sns.onMessage((message) => {
    noting = Promise.all([noting, note(message)]);
  });
  async function note(message: Message): Promise<void> {
    try {
      await invoke(await loadJob(functionName), lambdaEventOf(message), { functionName, timeoutMs });
    } catch (error) {
      log.warn('the receipt of an alert was not noted', error as Error);
    }
  }
  return async () => void (await noting);
}
