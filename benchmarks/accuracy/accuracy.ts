import { seriesOf } from '../../domain/dataset.ts';
import { DEFAULT_HORIZONS, type Horizon } from '../../domain/horizon.ts';
import { adjust } from '../../market/adjustment.ts';
import { outOfSample } from '../../models/evaluation/calibrated.ts';
import type { OutOfSampleForecasts } from '../../models/evaluation/out-of-sample.ts';
import { walkForward } from '../../models/evaluation/raw-forecasts.ts';
import { shrunk } from '../../models/evaluation/shrinkage.ts';
import { DEFAULT_WINDOW } from '../../models/evaluation/walk-forward.ts';
import { buildFeatures } from '../../models/features/build-features.ts';
import { KINDS, learnerNamed } from '../../models/kinds.ts';
import { SAMPLE_TICKERS, sampleBars, sampleEvents } from '../../tests/sample-series.ts';
import { type Subject, figuresOf, within } from '../evaluate/figures.ts';
import { type KindForecasts, type Ticker, allForecasts } from '../evaluate/forecasts.ts';
import { servedForecasts } from '../evaluate/served.ts';
import { evaluationTable } from '../evaluate/table.ts';
import { type Bench, type BenchReport, OURSELVES } from '../figure.ts';
import { ACCURACY_PEERS, accuracyPeer, peerForecasts } from './accuracy-peers.ts';

const NAME = 'accuracy';
const SPAN = ['2005-03-01', '2013-03-01'] as const;
const SEED = 7;
/** Shown in every run, since errors are read beside the one and widths beside the other. */
const NAIVE = 'naive';
const CONSTANT_WIDTH = 'constant-width';
/** Kinds shown also as they were fitted, before shrinkage: what a peer's forecasts are to be compared with. */
const UNSHRUNK = ['linear', 'random-forest', 'lstm'];
const nameOf = (kind: string) => `${OURSELVES} ${kind}`;
const rawNameOf = (kind: string) => `${OURSELVES} ${kind} unshrunk`;
const CANDIDATES = KINDS.filter(({ role }) => role === 'candidate').map(({ name }) => name);
const SUBJECTS = [
  OURSELVES,
  ...UNSHRUNK.map(rawNameOf),
  ...CANDIDATES.map(nameOf),
  NAIVE,
  CONSTANT_WIDTH,
  'drift',
  ...ACCURACY_PEERS,
];

/** The system's walk-forward forecasts beside those of Python libraries on the same rows, folds and days. */
export const accuracyBench: Bench = {
  name: NAME,
  description: 'Errors and intervals of walk-forward forecasts on the bundled prices',
  subjects: SUBJECTS,
  table: evaluationTable,
  async run({ subjects = SUBJECTS }, report) {
    const tickers = SAMPLE_TICKERS.map((ticker) => {
      const history = { series: seriesOf(sampleBars(ticker)), events: sampleEvents(ticker) };
      return { history, features: buildFeatures(adjust(history.series, history.events)) };
    });
    const peers = ACCURACY_PEERS.filter((name) => subjects.includes(name));
    const peer = peers.length === 0 ? undefined : await accuracyPeer((text) => report.progress(text));
    try {
      for (const horizon of DEFAULT_HORIZONS) {
        const found = [...baselines(tickers, horizon), ...(await ours(tickers, horizon, subjects, report))];
        for (const name of peers) {
          report.progress(`${name}, ${horizon} sessions`);
          const forecasts: OutOfSampleForecasts[] = [];
          for (const { features } of tickers) {
            forecasts.push(await peerForecasts(peer!, name, features, horizon, SEED, SPAN));
          }
          found.push({ name, forecasts });
        }
        say(found, horizon, subjects, report);
      }
    } finally {
      await peer?.close();
    }
    report.note(`Origins ${SPAN.join(' to ')}, seed ${SEED}. Measured once: the same data give the same figures.`);
    report.note(
      `${OURSELVES} is what the gate would have served; ratios of intervals are to constant-width ones around naive.`,
    );
  },
};

/** Figures of the subjects asked for, all on the days that naive forecasts. */
function say(found: readonly Subject[], horizon: Horizon, subjects: readonly string[], report: BenchReport): void {
  const naive = found.find(({ name }) => name === NAIVE)!;
  const judged = found.map(({ name, forecasts }) => ({
    name,
    forecasts: forecasts.map((each, i) => each && within(each, ...SPAN, naive.forecasts[i]!)),
  }));
  // `figuresOf` shows constant width beside what is served; here it stands around naive forecasts, for all alike.
  const constantWidth = figuresOf(SAMPLE_TICKERS, horizon, [
    { name: 'served', forecasts: judged.find(({ name }) => name === NAIVE)!.forecasts },
  ]).filter(({ subject }) => subject === CONSTANT_WIDTH);
  const order = new Map(SUBJECTS.map((name, i) => [name, i]));
  const figures = [...figuresOf(SAMPLE_TICKERS, horizon, judged), ...constantWidth]
    .filter(({ subject }) => subjects.includes(subject) || subject === NAIVE || subject === CONSTANT_WIDTH)
    .sort((a, b) => order.get(a.subject)! - order.get(b.subject)!);
  for (const figure of figures) report.figure({ ...figure, bench: NAME });
}

function baselines(tickers: readonly Ticker[], horizon: Horizon): Subject[] {
  return [NAIVE, 'drift'].map((name) => ({ name, forecasts: unshrunk(name, tickers, horizon) }));
}

/** What this system forecasts, as far as it is asked for: the gate needs every kind. */
async function ours(
  tickers: readonly Ticker[],
  horizon: Horizon,
  subjects: readonly string[],
  report: BenchReport,
): Promise<Subject[]> {
  const found: Subject[] = [];
  for (const kind of UNSHRUNK.filter((name) => subjects.includes(rawNameOf(name)))) {
    report.progress(`${rawNameOf(kind)}, ${horizon} sessions`);
    await learnerNamed(kind).runtime?.load();
    found.push({ name: rawNameOf(kind), forecasts: unshrunk(kind, tickers, horizon) });
  }
  if (![OURSELVES, ...CANDIDATES.map(nameOf)].some((name) => subjects.includes(name))) return found;
  const kinds = await allForecasts(tickers, horizon, SEED, (text) => report.progress(`${OURSELVES} ${text}`));
  return [...found, served(kinds, horizon), ...CANDIDATES.map((name) => ({ name: nameOf(name), forecasts: of(name) }))];

  function of(name: string): OutOfSampleForecasts[] {
    return kinds.map((ofTicker) => ofTicker.find(({ kind }) => kind === name)!.forecasts);
  }
}

function served(kinds: readonly (readonly KindForecasts[])[], horizon: Horizon): Subject {
  const family = { nTickers: kinds.length, nHorizons: DEFAULT_HORIZONS.length };
  const forecasts = kinds.map((ofTicker) => servedForecasts(ofTicker, horizon, SPAN[0], family).forecasts);
  return { name: OURSELVES, forecasts };
}

/** A kind's forecasts as fitted, with intervals calibrated around them. */
function unshrunk(name: string, tickers: readonly Ticker[], horizon: Horizon): OutOfSampleForecasts[] {
  const learner = learnerNamed(name);
  const options = { window: DEFAULT_WINDOW, seed: SEED, parameters: learner.defaults, scaleTargets: true };
  return tickers.map(({ features }) => {
    const series = walkForward(learner, [features], horizon, options);
    return outOfSample(shrunk(series, horizon, 'baseline')[0]!, horizon);
  });
}
