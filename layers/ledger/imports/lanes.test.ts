import { expect, test } from 'vitest';
import { Lanes } from './lanes.ts';

/** Lanes whose pieces end on request. */
function heldLanes(connections: readonly string[]) {
  const lanes = new Lanes<string, string>(connections);
  const log: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<void>>();
  return {
    lanes,
    log,
    start: (owner: string, piece: string) =>
      lanes.start(owner, async (connection) => {
        log.push(`${piece} on ${connection}`);
        const end = Promise.withResolvers<void>();
        ends.set(piece, end);
        await end.promise;
      }),
    end: (piece: string) => ends.get(piece)?.resolve(),
    fail: (piece: string) => ends.get(piece)?.reject(new Error(`${piece} failed`)),
  };
}

/** Lets everything go on that can. */
const settle = () => new Promise(setImmediate);

test('as many pieces run as there are connections, and each connection has one', async () => {
  const { start, end, log } = heldLanes(['x', 'y']);
  await start('acme', 'a');
  await start('globex', 'g');
  const third = start('hooli', 'h');
  await settle();
  expect(log).toEqual(['a on y', 'g on x']);
  end('g');
  await third;
  expect(log).toEqual(['a on y', 'g on x', 'h on x']);
});

test('the pieces of one owner run one after the other, although connections are free', async () => {
  const { lanes, start, end, log } = heldLanes(['x', 'y']);
  await start('acme', 'first');
  const second = start('acme', 'second');
  await settle();
  expect(log).toEqual(['first on y']);
  end('first');
  await second;
  expect(log).toHaveLength(2);
  end('second');
  await lanes.finish();
});

test('to finish waits for every piece', async () => {
  const { lanes, start, end } = heldLanes(['x', 'y']);
  await start('acme', 'a');
  await start('globex', 'g');
  let isFinished = false;
  const finishing = lanes.finish().then(() => {
    isFinished = true;
  });
  end('a');
  await settle();
  expect(isFinished).toBe(false);
  end('g');
  await finishing;
});

test('after a failure nothing new is started, and everybody gets the first failure', async () => {
  const { lanes, start, end, fail, log } = heldLanes(['x', 'y']);
  await start('acme', 'a');
  await start('globex', 'g');
  const waits = start('hooli', 'h');
  const follows = start('acme', 'b');
  fail('a');
  await expect(waits).rejects.toThrow('a failed');
  await expect(follows).rejects.toThrow('a failed');
  fail('g');
  await expect(lanes.finish()).rejects.toThrow('a failed');
  end('h');
  await expect(start('initech', 'i')).rejects.toThrow('a failed');
  expect(log).toEqual(['a on y', 'g on x']);
});
