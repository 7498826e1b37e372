import { join } from 'node:path';
import Table from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';
import { load } from '../speed/load.ts';
import { startOurs, startStack } from '../speed/serving-subjects.ts';
import { median } from '../table.ts';
import { type Sample, grown, parseSample } from './sample.ts';

const STATE_DIR = join('.stockcast', 'bench-serving');
const CONNECTIONS = 50;
const SAMPLE_SECONDS = 10;
/** Compiled code, caches and pools fill up in the first part; what comes after is judged. */
const WARM_UP_SHARE = 0.3;

new Command('npm run soak --')
  .description('Loads the API steadily over loopback, and fails when memory or event-loop delay grow after warm-up.')
  .option('--minutes <number>', 'how long', wholeNumber, 5)
  .option('--rate <number>', 'requests a second', wholeNumber, 500)
  .option('--json', 'print one line of JSON per sample instead of a table')
  .action(soak)
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  });

async function soak({ minutes, rate, json }: { minutes: number; rate: number; json?: true }): Promise<void> {
  process.stderr.write('soak: starting the local stack; the first time, it trains for a minute\n');
  const stack = await startStack(STATE_DIR, () => {});
  const samples: Sample[] = [];
  let nErrors = 0;
  try {
    const api = await startOurs(STATE_DIR, {});
    try {
      const total = Math.ceil((minutes * 60) / SAMPLE_SECONDS);
      for (let i = 1; i <= total; i++) {
        const request = { url: api.url, paths: PATHS, connections: CONNECTIONS, seconds: SAMPLE_SECONDS, rate };
        const result = await load(request);
        const metrics = await (await fetch(`${api.url}/metrics`)).text();
        const sample = { seconds: i * SAMPLE_SECONDS, rps: result.rps, p99Ms: result.p99Ms, ...parseSample(metrics) };
        nErrors += result.nErrors;
        samples.push(sample);
        if (json) process.stdout.write(`${JSON.stringify(sample)}\n`);
        else process.stderr.write(`soak: ${sample.seconds} of ${minutes * 60} s, ${Math.round(sample.rssMb)} MB\n`);
      }
    } finally {
      await api.close();
    }
  } finally {
    await stack.close();
  }
  judge(samples, nErrors, json === true);
}

/** What people ask most: the same few forecasts, some by model, some of what is not there. */
const PATHS = ['AAPL', 'GOOG', 'IBM', 'MSFT'].flatMap((ticker) => [
  `/predict/${ticker}`,
  `/predict/${ticker}?horizon=1`,
  `/predict/${ticker}?horizon=1&model=ensemble`,
  `/predict/${ticker}?horizon=10&model=random-forest`,
]);

function judge(samples: readonly Sample[], nErrors: number, json: boolean): void {
  const judged = samples.slice(Math.floor(samples.length * WARM_UP_SHARE));
  const third = Math.max(1, Math.floor(judged.length / 3));
  const rows = (['rssMb', 'heapUsedMb', 'eventLoopP99Ms', 'p99Ms'] as const).map((name) => {
    const early = median(judged.slice(0, third).map((sample) => sample[name]));
    const late = median(judged.slice(-third).map((sample) => sample[name]));
    return { name, early, late, isGrown: grown(name, early, late) };
  });
  const table = new Table({
    head: ['after warm-up', 'first third', 'last third', ''],
    style: { head: [], border: [] },
  });
  for (const { name, early, late, isGrown } of rows) {
    table.push([name, early.toFixed(1), late.toFixed(1), isGrown ? 'grows' : 'flat']);
  }
  const out = json ? process.stderr : process.stdout;
  out.write(
    `${table.toString()}\n${Math.round(median(samples.map(({ rps }) => rps)))} requests/s, ${nErrors} errors\n`,
  );
  if (nErrors > 0 || rows.some(({ isGrown }) => isGrown)) process.exitCode = 1;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1 to 99999.');
  return Number(text);
}
