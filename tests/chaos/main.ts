import { Command, InvalidArgumentError } from 'commander';
import { chaosRun } from './chaos-run.ts';
import { VICTIMS } from './kill-plan.ts';

const TICKERS = ['AAPL', 'GOOG', 'IBM', 'MSFT'];
const SESSIONS = 900;
const WISH = {
  seed: 7,
  horizons: [1, 10],
  kinds: ['linear', 'random-forest', 'pooled-linear'],
  parameters: { 'random-forest': { nTrees: 50 } },
};

new Command('npm run chaos --')
  .description(
    'Trains a universe while workers, API, Temporal and PostgreSQL are killed at seeded moments and started again, and ' +
      'fails unless all ends as in an undisturbed run.',
  )
  .option('--seed <number>', 'decides who is killed and when', wholeNumber(0), 7)
  .option('--kills <number>', 'how many processes are killed', wholeNumber(VICTIMS.length), 20)
  .option('--minutes <number>', 'longest time that it may take', wholeNumber(1), 30)
  .option('--keep', "leave the stack's folder, with its logs", false)
  .action(chaos)
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  });

interface Plan {
  readonly seed: number;
  readonly kills: number;
  readonly minutes: number;
  readonly keep: boolean;
}

async function chaos({ minutes, ...plan }: Plan): Promise<void> {
  const ended = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    // The second time at once: the stack's processes are killed when this one exits.
    process.on(name, () => (ended.signal.aborted ? process.exit(1) : ended.abort(`called off by ${name}`)));
  }
  setTimeout(() => ended.abort(`not at its end after ${minutes} minutes`), minutes * 60_000).unref();
  const { signal } = ended;
  const startedAt = performance.now();
  const say = (line: string) => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6);
    process.stdout.write(`${seconds} s  ${line}\n`);
  };
  const universe = { tickers: TICKERS, sessions: SESSIONS, wish: WISH };
  const { killed, retries, entries, findings } = await chaosRun({ ...universe, ...plan, signal, say });
  for (const victim of VICTIMS) {
    say(`${victim}: killed ${killed.filter((kill) => kill.victim === victim).length} times during the run`);
  }
  say(`${entries} entries, the client asked again ${retries} times`);
  for (const finding of findings) say(finding);
  say(findings.length === 0 ? 'all as in the undisturbed run' : `${findings.length} findings with seed ${plan.seed}`);
  if (findings.length > 0) process.exitCode = 1;
}

function wholeNumber(least: number) {
  return (text: string): number => {
    const number = Number(text);
    if (/^\d{1,9}$/.test(text) && number >= least) return number;
    throw new InvalidArgumentError(`Expected a whole number from ${least} on.`);
  };
}
