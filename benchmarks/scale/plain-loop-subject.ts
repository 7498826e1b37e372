import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Ground } from './ground.ts';
import { cpuSeconds, peakMb, watchMemory } from './process-cost.ts';
import { type Cost, cpuBetween } from './work.ts';

const MAIN = fileURLToPath(new URL('./plain-loop-main.ts', import.meta.url));

/** The universe by one process of this code that calls the use cases in a loop, with as many threads as workers. */
export async function runPlainLoop(ground: Ground, nThreads: number): Promise<Cost> {
  const args = [ground.databaseUrl, ground.objectsDir, String(nThreads)];
  const child = fork(MAIN, args, { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  await said(child, 'ready');
  const cpu = () => ({ work: cpuSeconds([child.pid!]), postgres: cpuSeconds([ground.postgresPid]) });
  const before = cpu();
  const watched = watchMemory([child.pid!]);
  const began = performance.now();
  child.send('go');
  await said(child, 'done');
  const cost = {
    wallS: (performance.now() - began) / 1000,
    cpuS: cpuBetween(before, cpu()),
    peakMb: peakMb([child.pid!]),
    quarterPeaksMb: watched(),
  };
  child.send('end');
  await exited;
  return cost;
}

function said(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`the plain loop ended with code ${code}`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      if (message === word) resolve();
      else reject(new Error(`the plain loop said ${String(message)} where "${word}" was expected`));
    });
  });
}
