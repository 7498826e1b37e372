import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { listenForInterruption } from './interruption.ts';

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): never {
    this.exits.push(code);
    return undefined as never;
  }
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('the first %s asks to stop, the second ends the process', async (signal) => {
  const process = new FakeProcess();
  let forced = 0;
  const interruption = listenForInterruption(process, () => forced++);
  expect(interruption.signal.aborted).toBe(false);

  process.emit(signal);
  await interruption.requested;
  expect(interruption.signal.aborted).toBe(true);
  expect([forced, process.exits]).toEqual([0, []]);

  process.emit(signal);
  expect([forced, process.exits]).toEqual([1, [130]]);
});
