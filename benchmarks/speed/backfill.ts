import { type Bench, type BenchOptions, type BenchReport, OURSELVES } from '../figure.ts';
import { QUARTER_METRIC, peaksByQuarter } from '../memory.ts';
import { BATCHES, BackfillGround, LONGEST_MS, type Load, type Measurement } from './backfill-subjects.ts';

const NAME = 'backfill';
const SUBJECTS = [OURSELVES, BATCHES] as const;
const LARGE: Load = { partitions: 10_000, inFlight: 50 };
/** Few at a time, as real trainings are made: what counts is that none is waited for by others. */
const WAITING: Load = { partitions: 200, inFlight: 8 };
/** So many at a time that the machine is the limit: what counts is what each partition costs Temporal and the worker. */
const BUSY: Load = { partitions: 200, inFlight: 50 };
const WARM_UP: Load = { partitions: 100, inFlight: 50 };

/**
 * A backfill with training stubbed out, so that what is measured is the orchestration: in turns with the loop that
 * starts children in batches and waits for each batch, from the same activities and children; and once 10,000 partitions
 * for rate, memory and history.
 */
export const backfillBench: Bench = {
  name: NAME,
  description: 'backfills of 10,000 partitions with training stubbed out, beside children started in batches',
  subjects: SUBJECTS,
  run,
};

async function run(options: BenchOptions, report: BenchReport): Promise<void> {
  const subjects = SUBJECTS.filter((name) => options.subjects?.includes(name) ?? true);
  const say = (text: string) => report.progress(text);
  const ground = await BackfillGround.open(say);
  try {
    // Whoever comes first would pay for code and connections that are not warm yet.
    await ground.measure(BATCHES, 'warm-up', WARM_UP);
    for (let repetition = 0; repetition < options.repetitions; repetition++) {
      for (const load of [WAITING, BUSY]) {
        for (const subject of repetition % 2 === 0 ? subjects : subjects.toReversed()) {
          say(`backfill: ${inWords(load)}, by ${subject}, ${repetition + 1} of ${options.repetitions}`);
          const name = `small-${repetition}-${load.inFlight}-${SUBJECTS.indexOf(subject)}`;
          rate(report, load, subject, await ground.measure(subject, name, load));
        }
      }
    }
    if (!subjects.includes(OURSELVES)) return;
    say(`backfill: ${inWords(LARGE)}`);
    const measured = await ground.measure(OURSELVES, 'large', LARGE);
    rate(report, LARGE, OURSELVES, measured);
    const where = { bench: NAME, case: inWords(LARGE), subject: OURSELVES };
    report.figure({ ...where, metric: 'longest_history', value: measured.longestHistory, unit: 'events' });
    report.figure({ ...where, metric: 'executions', value: measured.executions, unit: '' });
    for (const [quarter, mb] of peaksByQuarter(measured.memory)) {
      report.figure({ ...where, metric: `${QUARTER_METRIC}${quarter}`, value: mb, unit: 'MB' });
    }
  } finally {
    await ground.close();
  }
  report.note(`a stubbed training takes from nothing to ${LONGEST_MS / 1000} s, a quarter of that on average.`);
  report.note("one worker process, Temporal's dev server with its state in a file; equal activities and children.");
  report.note(
    'of 10,000 partitions one measurement: the largest resident memory of the worker in each quarter of them.',
  );
}

function inWords({ partitions, inFlight }: Load): string {
  return `${partitions} partitions, ${inFlight} at a time`;
}

function rate(report: BenchReport, load: Load, subject: string, { seconds }: Measurement): void {
  const value = load.partitions / seconds;
  report.figure({ bench: NAME, case: inWords(load), subject, metric: 'partitions_per_s', value, unit: '1/s' });
}
