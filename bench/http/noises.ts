import { requestOf } from './raw-client.ts';

const entryLines = 1_000;

type Message = (headers: Readonly<Record<string, string>>, turn: number, items: number) => Buffer;

const messages = {
  [`posts entries of ${entryLines.toLocaleString('en')} lines`]: (headers, turn, items) => {
    const lines = Array.from({ length: entryLines }, (_, line) => ({
      sku: `S${1 + ((turn * entryLines + line * 7) % items)}`,
      location: 'L1',
      quantity: 1,
    }));
    return requestOf('POST', '/v1/movements', headers, JSON.stringify({ kind: 'receipt', lines }));
  },
  'reads the longest pages': (headers, turn) =>
    requestOf(
      'GET',
      turn % 2 === 0
        ? '/v1/movements?limit=200&kind=issue&location=L1'
        : '/v1/balances?limit=200&basis=effective&asOf=2030-01-01T00:00:00Z',
      headers,
    ),
} satisfies Record<string, Message>;

/** What an organization sends that is as heavy as it may be. */
export type Noise = keyof typeof messages;

export const noises = Object.keys(messages) as readonly Noise[];

/** A request of the noise, with these headers. `turn` counts them, and `items` are the items S1 and so on. */
export function messageOf(noise: Noise, ...args: Parameters<Message>): Buffer {
  const make: Message | undefined = messages[noise];
  if (!make) throw new Error(`there is no noise "${noise}"`);
  return make(...args);
}
