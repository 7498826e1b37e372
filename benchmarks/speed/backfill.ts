import { type Bench, type BenchOptions, type BenchReport, OURSELVES } from '../figure.ts';
import { BATCHES, BackfillGround, IN_FLIGHT, LONGEST_MS, type Measurement } from './backfill-subjects.ts';

const NAME = 'backfill';
const SUBJECTS = [OURSELVES, BATCHES] as const;
const LARGE = 10_000;
const SMALL = 500;
const WARM_UP = 100;
const QUARTERS = 4;

/**
 * A backfill with training stubbed out, so that what is measured is the orchestration: once 10,000 partitions for rate,
 * memory and history; and 500 in turns with the loop that starts children in batches and waits for each batch, from the
 * same activities and children.
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
      for (const subject of repetition % 2 === 0 ? subjects : subjects.toReversed()) {
        say(`backfill: ${SMALL} partitions by ${subject}, ${repetition + 1} of ${options.repetitions}`);
        const name = `small-${repetition}-${SUBJECTS.indexOf(subject)}`;
        rate(report, `${SMALL} partitions`, subject, await ground.measure(subject, name, SMALL), SMALL);
      }
    }
    if (!subjects.includes(OURSELVES)) return;
    say(`backfill: ${LARGE} partitions`);
    const measured = await ground.measure(OURSELVES, 'large', LARGE);
    const where = { bench: NAME, case: `${LARGE} partitions`, subject: OURSELVES };
    rate(report, where.case, OURSELVES, measured, LARGE);
    report.figure({ ...where, metric: 'longest_history', value: measured.longestHistory, unit: 'events' });
    report.figure({ ...where, metric: 'executions', value: measured.executions, unit: '' });
    for (const [i, mb] of peaks(measured).entries()) {
      report.figure({ ...where, metric: `rss_peak_quarter_${i + 1}`, value: mb, unit: 'MB' });
    }
  } finally {
    await ground.close();
  }
  report.note(`a stubbed training takes from nothing to ${LONGEST_MS / 1000} s, a quarter of that on average.`);
  report.note(`${IN_FLIGHT} at a time, one worker process, Temporal's dev server with its state in a file.`);
  report.note(
    'of 10,000 partitions one measurement: the largest resident memory of the worker in each quarter of them.',
  );
}

function rate(report: BenchReport, name: string, subject: string, { seconds }: Measurement, partitions: number): void {
  const value = partitions / seconds;
  report.figure({ bench: NAME, case: name, subject, metric: 'partitions_per_s', value, unit: '1/s' });
}

/** The most that the worker held while each quarter of the partitions was made, in MB. */
function peaks({ memory }: Measurement): number[] {
  return Array.from({ length: QUARTERS }, (_, quarter) => {
    const within = memory.filter(({ share }) => Math.min(QUARTERS - 1, Math.floor(share * QUARTERS)) === quarter);
    return Math.max(...within.map(({ mb }) => mb));
  });
}
