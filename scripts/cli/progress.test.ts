import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createProgress, silentProgress } from './progress.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A stream that keeps what is written, as a terminal or not. */
function stream(isTTY: boolean) {
  const kept = Object.assign(new PassThrough(), { isTTY, columns: 100, cursorTo() {}, clearLine() {} });
  return { out: kept as unknown as NodeJS.WriteStream, text: () => String(kept.read() ?? '') };
}

test('beside a terminal there is one line every ten seconds, and no sooner', () => {
  const { out, text } = stream(false);
  const progress = createProgress(out);
  progress.start(100, 'movements');
  vi.advanceTimersByTime(9_999);
  progress.update(10);
  expect(text()).toBe('');
  vi.advanceTimersByTime(1);
  progress.update(11);
  progress.update(12);
  expect(text()).toBe('11 of 100 movements\n');
  vi.advanceTimersByTime(10_000);
  progress.update(13, 200);
  vi.advanceTimersByTime(10_000);
  progress.update(14, 200, 1_500);
  progress.stop();
  expect(text()).toBe('13 of 200 movements\n14 of 200 movements, about 2 s left\n');
});

test('a second start resets the ten seconds and the count', () => {
  const { out, text } = stream(false);
  const progress = createProgress(out);
  progress.start(1, 'movements');
  vi.advanceTimersByTime(9_000);
  progress.start(2, 'seals');
  vi.advanceTimersByTime(9_000);
  progress.update(1);
  expect(text()).toBe('');
  vi.advanceTimersByTime(1_000);
  progress.update(2);
  expect(text()).toBe('2 of 2 seals\n');
});

test('on a terminal there is a bar, with speed', () => {
  const { out, text } = stream(true);
  const progress = createProgress(out);
  progress.start(100, 'movements');
  vi.advanceTimersByTime(2_000);
  progress.update(50);
  progress.update(60, 120);
  progress.stop();
  const written = text();
  expect(written).toContain('0% | 0 of 100 movements | 0 a second');
  expect(written).toContain('50% | 60 of 120 movements | 30 a second');
});

test('a line of text takes the place of the bar, and not of what stands there without one', () => {
  const { out, text } = stream(true);
  const progress = createProgress(out);
  progress.clear();
  expect(text()).toBe('');
  progress.start(2, 'steps');
  text();
  progress.clear();
  expect(text()).toBe('\r\u001b[K');
  progress.stop();
  text();
  progress.clear();
  expect(text()).toBe('');
  const file = stream(false);
  const lines = createProgress(file.out);
  lines.start(2, 'steps');
  lines.clear();
  expect(file.text()).toBe('');
});

test('with --json there is nothing', () => {
  expect([
    silentProgress.start(1, 'x'),
    silentProgress.update(1),
    silentProgress.clear(),
    silentProgress.stop(),
  ]).toEqual([undefined, undefined, undefined, undefined]);
});
