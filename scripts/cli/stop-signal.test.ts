import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { interruptedExitCode, listenForStop } from './stop-signal.ts';

let exits: unknown[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  exits = [];
  vi.spyOn(process, 'exit').mockImplementation(((code: unknown) => {
    exits.push(code);
  }) as never);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  'the first %s calls the listener once and aborts; one later than 300 ms ends the process with 130',
  (name) => {
    let told = 0;
    const { signal, stopListening } = listenForStop(() => {
      told += 1;
    });
    try {
      expect(signal.aborted).toBe(false);
      process.emit(name);
      expect([signal.aborted, told, exits]).toEqual([true, 1, []]);
      vi.advanceTimersByTime(300);
      process.emit(name);
      expect([told, exits]).toEqual([1, []]);
      vi.advanceTimersByTime(1);
      process.emit('SIGTERM');
      expect([told, exits]).toEqual([1, [130]]);
    } finally {
      stopListening();
    }
  },
);

test('once nobody listens, signals do what they do without', () => {
  const count = () => process.listenerCount('SIGINT') + process.listenerCount('SIGTERM');
  const before = count();
  const { stopListening } = listenForStop(() => {});
  expect(count()).toBe(before + 2);
  stopListening();
  expect(count()).toBe(before);
  expect(interruptedExitCode).toBe(130);
});
