import { type Bench, type BenchOptions, type BenchReport, type Figure, OURSELVES } from '../figure.ts';
import { QUARTER_METRIC } from '../memory.ts';
import { figureTable, median } from '../table.ts';
import { runDagster } from './dagster-subject.ts';
import { type Ground, prepareGround } from './ground.ts';
import { runNoOps } from './no-op-subject.ts';
import { runPlainLoop } from './plain-loop-subject.ts';
import { runStockcast } from './stockcast-subject.ts';
import type { Cost } from './work.ts';

const NAME = 'scale';
const PLAIN_LOOP = 'plain-loop';
const NO_OP = 'no-op';
const DAGSTER = 'dagster';
const SUBJECTS = [OURSELVES, PLAIN_LOOP, NO_OP, DAGSTER] as const;
const SIZES = [10, 100, 500];
const WORKERS = [1, 2];
/** Dagster takes seconds for a ticker: more of them only with --full. */
const MOST_FOR_DAGSTER = 100;

/**
 * Many tickers through ingest to promote, with little work per ticker, so that what orchestrates it shows: by Temporal
 * workers, by a plain loop over the same use cases, and by Dagster.
 */
export const scaleBench: Bench = {
  name: NAME,
  description: '10, 100 and 500 tickers from ingest to promote on 1 and 2 workers, beside a plain loop and Dagster',
  subjects: SUBJECTS,
  table,
  run,
};

async function run(options: BenchOptions, report: BenchReport): Promise<void> {
  const subjects = SUBJECTS.filter((name) => options.subjects?.includes(name) ?? true);
  for (let repetition = 0; repetition < options.repetitions; repetition++) {
    for (const nTickers of SIZES) {
      for (const nWorkers of WORKERS) {
        const name = `${nTickers}-tickers/${nWorkers}-workers`;
        let loopCpuS: number | undefined;
        // The loop first, since what orchestration costs is told over it.
        for (const subject of ([PLAIN_LOOP, NO_OP, OURSELVES, DAGSTER] as const).filter((each) =>
          subjects.includes(each),
        )) {
          if (subject === DAGSTER && nTickers > MOST_FOR_DAGSTER && !options.full) continue;
          report.progress(`scale: ${name}, ${subject}, ${repetition + 1} of ${options.repetitions}`);
          const cost = await onFreshGround(nTickers, (ground) => measure(subject, ground, nWorkers, report));
          const figure = { bench: NAME, case: name, subject };
          report.figure({ ...figure, metric: 'wall_s', value: cost.wallS, unit: 's' });
          const { work, temporal, postgres } = cost.cpuS;
          const cpuS = work + (temporal ?? 0) + (postgres ?? 0);
          report.figure({ ...figure, metric: 'cpu_s', value: cpuS, unit: 's' });
          const parts = { work_cpu_s: work, temporal_cpu_s: temporal, postgres_cpu_s: postgres };
          for (const [metric, value] of Object.entries(parts)) {
            if (value !== undefined) report.figure({ ...figure, metric, value, unit: 's' });
          }
          report.figure({ ...figure, metric: 'peak_mb', value: cost.peakMb, unit: 'MB' });
          // A run of seconds has no quarters to speak of.
          for (const [quarter, value] of nTickers === SIZES.at(-1) ? (cost.quarterPeaksMb ?? []) : []) {
            report.figure({ ...figure, metric: `${QUARTER_METRIC}${quarter}`, value, unit: 'MB' });
          }
          if (subject === PLAIN_LOOP) loopCpuS = cpuS;
          // What does nothing would take nothing in a loop.
          const withoutS = subject === NO_OP ? 0 : loopCpuS;
          if (cost.activities === undefined || withoutS === undefined) continue;
          const value = ((cpuS - withoutS) / cost.activities) * 1000;
          report.figure({ ...figure, metric: 'cpu_ms_per_activity', value, unit: 'ms' });
        }
      }
    }
  }
  report.note(
    'cpu_s: work (the processes that do it), Temporal and PostgreSQL together; Dagster keeps its state in SQLite files.',
  );
  report.note('cpu_ms_per_activity: what Temporal and the workers take beyond the plain loop, for each activity.');
  report.note(
    'no-op: 50 runs of 8 activities that do nothing, on an equal server: what Temporal takes by itself on this machine at that moment.',
  );
  report.note(
    'peak_mb: of the processes that work, the most that each held, added up; of Dagster, whose steps are processes, the most that all held at a time.',
  );
  report.note(
    'the work of a ticker: 504 sessions, a linear model and a forest of 20 trees of depth 5, five folds each,',
  );
  report.note(
    'for ours also the two baselines, leakage checks, certificates, a forecast and pictures, which Dagster lacks.',
  );
}

async function onFreshGround<T>(nTickers: number, body: (ground: Ground) => Promise<T>): Promise<T> {
  const ground = await prepareGround(nTickers);
  try {
    return await body(ground);
  } finally {
    await ground.remove();
  }
}

function measure(subject: string, ground: Ground, nWorkers: number, report: BenchReport): Promise<Cost> {
  if (subject === OURSELVES) return runStockcast(ground, nWorkers);
  if (subject === PLAIN_LOOP) return runPlainLoop(ground, nWorkers);
  if (subject === NO_OP) return runNoOps(ground, nWorkers);
  return runDagster(ground, nWorkers, (text) => report.progress(text));
}

function table(figures: readonly Figure[]): string {
  const isQuarter = ({ metric }: Figure) => metric.startsWith(QUARTER_METRIC);
  return [
    figureTable(figures.filter((each) => !isQuarter(each))),
    growth(figures),
    ...quarters(figures.filter(isQuarter)),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** What was held over the longest measurements, a line for each; the median over the repetitions. */
function quarters(figures: readonly Figure[]): string[] {
  const keyOf = ({ subject, case: name }: Figure) => `${subject}, ${name}`;
  return [...new Set(figures.map(keyOf))].map((key) => {
    const these = figures.filter((each) => keyOf(each) === key);
    const names = [...new Set(these.map(({ metric }) => metric))];
    const most = names.map((name) => median(these.filter(({ metric }) => metric === name).map(({ value }) => value)));
    return `${key}: at the most ${most.map((mb) => mb.toFixed(0)).join(', ')} MB in each quarter of the time`;
  });
}

/** How time grows with tickers, as the exponent between the smallest and the largest universe; 1 is in proportion. */
function growth(figures: readonly Figure[]): string {
  const lines = SUBJECTS.filter((subject) => subject !== NO_OP).flatMap((subject) =>
    WORKERS.flatMap((workers) => {
      const times = SIZES.map((n) =>
        figures.find(
          (each) =>
            each.metric === 'wall_s' && each.subject === subject && each.case === `${n}-tickers/${workers}-workers`,
        ),
      ).flatMap((figure, i) => (figure === undefined ? [] : [{ n: SIZES[i]!, s: figure.value }]));
      const [least, most] = [times[0], times.at(-1)];
      if (least === undefined || most === undefined || least === most) return [];
      const exponent = Math.log(most.s / least.s) / Math.log(most.n / least.n);
      return [
        `${subject}, ${workers} workers: time grows with tickers to the power of ${exponent.toFixed(2)} (${least.n} to ${most.n})`,
      ];
    }),
  );
  return lines.join('\n');
}
