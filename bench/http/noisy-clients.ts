import { messageOf, type Noise } from './noises.ts';
import { openRawClient } from './raw-client.ts';

/** Sends noise without a pause until a message says stop, and then says how many answers there were of each status. */
const [url = '', apiKey = '', noise = '', items = '', connections = ''] = process.argv.slice(2);
const answered: Record<string, number> = {};
let isOver = false;

process.once('message', () => {
  isOver = true;
});
process.on('disconnect', () => process.exit());

const clients = await Promise.all(Array.from({ length: Number(connections) }, () => openRawClient(url)));
await Promise.all(
  clients.map(async ({ exchange, close }, client) => {
    for (let turn = client; !isOver; turn += 1) {
      const message = messageOf(noise as Noise, { 'x-api-key': apiKey }, turn, Number(items));
      const answer = await exchange(message).catch((error: Error) => error.message);
      const status = /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 'no answer';
      if (Object.keys(answered).length === 0) process.send?.('answered');
      answered[status] = (answered[status] ?? 0) + 1;
    }
    close();
  }),
);
process.send?.(answered, () => process.exit());
