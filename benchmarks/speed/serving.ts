import { join } from 'node:path';
import { type Bench, type BenchOptions, type BenchReport, OURSELVES } from '../figure.ts';
import { load } from './load.ts';
import { measureMix } from './serving-mix.ts';
import {
  type Inference,
  SERVING_SUBJECTS,
  type ServingSubject,
  servingSubjects,
  startOurs,
  startStack,
} from './serving-subjects.ts';

const NAME = 'serving';
const CONNECTIONS = [100, 500] as const;
const INFERENCES: readonly Inference[] = ['cached', 'forest', 'lstm', 'ensemble'];
const MODELS = { forest: 'random-forest', lstm: 'lstm', ensemble: 'ensemble' } as const;
const TICKERS = ['AAPL', 'GOOG', 'IBM', 'MSFT'];
const STATE_DIR = join('.stockcast', 'bench-serving');

const WARM_UP_SECONDS = 2;
const SECONDS = 5;

/**
 * This API beside its peers, over loopback: each case starts one server after the other, warms it up and loads it for
 * some seconds. The load comes from this process, which has a core to itself where there are two.
 */
export const servingBench: Bench = {
  name: NAME,
  description: 'the prediction API under 100 and 500 connections, cached and with inference on every request',
  subjects: SERVING_SUBJECTS,
  run,
};

async function run(options: BenchOptions, report: BenchReport): Promise<void> {
  const names = SERVING_SUBJECTS.filter((name) => options.subjects?.includes(name) ?? true);
  report.progress('serving: starting the local stack; the first time, it trains for a minute');
  const stack = await startStack(STATE_DIR, () => {});
  try {
    const subjects = await servingSubjects(names, STATE_DIR, await answerOfOurs(), (text) => report.progress(text));
    for (let repetition = 0; repetition < options.repetitions; repetition++) {
      for (const inference of INFERENCES) {
        for (const subject of subjects.filter(({ inferences }) => inferences.includes(inference))) {
          report.progress(`serving: ${inference}, ${subject.name}, ${repetition + 1} of ${options.repetitions}`);
          await measure(subject, inference, report);
        }
      }
    }
    if (names.includes(OURSELVES)) {
      for (let repetition = 0; repetition < options.repetitions; repetition++) await measureColdStart(report);
      await measureMix(STATE_DIR, NAME, report);
    }
  } finally {
    await stack.close();
  }
  report.note('one process each; ours with helmet, logs, metrics and audit on as in production.');
  report.note('our rate limit is raised beyond the load, since it would otherwise refuse nearly all of it.');
  report.note(
    'mix: 200 tickers by Zipf with live quotes held for 4 s, of which the hot ones expire 11 times; hit_rate is that of the quotes.',
  );
  report.note('medians over the repetitions; a ratio is to stockcast, so below 1x of rps is slower than ours.');
}

/** From the start of the process until its readiness says that the promoted models are loaded. */
async function measureColdStart(report: BenchReport): Promise<void> {
  report.progress('serving: cold start');
  const began = performance.now();
  const api = await startOurs(STATE_DIR, {});
  const value = (performance.now() - began) / 1000;
  await api.close();
  report.figure({ bench: NAME, case: 'cold-start', subject: OURSELVES, metric: 'ready_s', value, unit: 's' });
}

/** An answer of ours, for the servers that always give the same. */
async function answerOfOurs(): Promise<string> {
  const api = await startOurs(STATE_DIR, {});
  try {
    return await (await fetch(`${api.url}${pathsOf('cached')[0]}`)).text();
  } finally {
    await api.close();
  }
}

async function measure(subject: ServingSubject, inference: Inference, report: BenchReport): Promise<void> {
  const server = await subject.start(inference);
  try {
    const paths = pathsOf(inference);
    await load({ url: server.url, paths, connections: CONNECTIONS[0], seconds: WARM_UP_SECONDS });
    for (const connections of CONNECTIONS) {
      const result = await load({ url: server.url, paths, connections, seconds: SECONDS });
      const figure = { bench: NAME, case: `${inference}/c${connections}`, subject: subject.name };
      report.figure({ ...figure, metric: 'rps', value: result.rps, unit: '1/s' });
      // Who answered nothing in that time has no times to show.
      if (result.nAnswers > 0) {
        report.figure({ ...figure, metric: 'p50_ms', value: result.p50Ms, unit: 'ms' });
        report.figure({ ...figure, metric: 'p95_ms', value: result.p95Ms, unit: 'ms' });
        report.figure({ ...figure, metric: 'p99_ms', value: result.p99Ms, unit: 'ms' });
      }
      report.figure({ ...figure, metric: 'errors', value: result.nErrors, unit: '' });
    }
  } finally {
    await server.close();
  }
}

function pathsOf(inference: Inference): readonly string[] {
  return TICKERS.map((ticker) => {
    const model = inference === 'cached' ? '' : `&model=${MODELS[inference]}`;
    return `/predict/${ticker}?horizon=1${model}`;
  });
}
