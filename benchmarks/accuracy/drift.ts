import {
  autoregressive,
  clusteredFeatures,
  clusteredPrices,
  moreVolatile,
  simulatedVerdict,
  split,
} from '../../tests/simulated-drift.ts';
import { DRIFT_LEVEL } from '../../domain/drift.ts';
import { type NamedColumn, compareWindows } from '../../models/drift/compare-windows.ts';
import { type Bench, OURSELVES } from '../figure.ts';

const [REFERENCE, WINDOW] = [504, 25];
const RUNS = 200;

/** Whether the data of a seed raise an alarm. */
type Case = readonly [name: string, alarms: (seed: number) => boolean];

const compared =
  (make: (seed: number) => readonly NamedColumn[], times = 1, plus = 0) =>
  (seed: number): boolean => {
    const [reference, [first, ...others]] = split(make(seed), REFERENCE, WINDOW) as [NamedColumn[], NamedColumn[]];
    const changed = { name: first!.name, values: first!.values.map((value) => value * times + plus) };
    return compareWindows(reference, [changed, ...others]).p <= DRIFT_LEVEL;
  };
const columns = (phi: number, n: number) => (seed: number) => autoregressive(phi, n, REFERENCE + WINDOW, seed);
const features = (seed: number) => clusteredFeatures(seed, REFERENCE + WINDOW);
const report = (horizon: number, factor: number) => (seed: number) => {
  const series = clusteredPrices(seed, 1200);
  const seen = factor === 1 ? series : moreVolatile(series, 1120, factor);
  return simulatedVerdict(seen, 1100, REFERENCE, horizon).alarms.length > 0;
};

const CASES: readonly Case[] = [
  ['no drift: 12 independent columns', compared(columns(0, 12))],
  ['no drift: 12 columns, AR(1) 0.9', compared(columns(0.9, 12))],
  ['no drift: 4 columns, AR(1) 0.97', compared(columns(0.97, 4))],
  ['no drift: features of GARCH prices', compared(features)],
  ['no drift: whole report, horizon 1', report(1, 1)],
  ['no drift: whole report, horizon 10', report(10, 1)],
  ['1 of 12 columns 1 deviation up', compared(columns(0, 12), 1, 1)],
  ['1 of 12 columns 1.5 deviations up', compared(columns(0, 12), 1, 1.5)],
  ['1 of 12 columns 2 times as spread', compared(columns(0, 12), 2)],
  ['1 of 12 columns 4 times as spread', compared(columns(0, 12), 4)],
  ['whole report, returns 2 times', report(1, 2)],
  ['whole report, returns 4 times', report(1, 4)],
];

/** How often the drift checks alarm, on simulated data without drift and with drift that was planted. */
export const driftBench: Bench = {
  name: 'drift',
  description: 'Alarms of the drift checks on simulated data, without drift and with drift that was planted.',
  subjects: [OURSELVES],
  run: async ({ universes = RUNS }, { figure, progress }) => {
    for (const [name, alarms] of CASES) {
      progress(name);
      let n = 0;
      for (let seed = 1; seed <= universes; seed++) if (alarms(seed)) n++;
      figure({
        ...{ bench: 'drift', case: name, subject: OURSELVES, metric: 'alarms' },
        ...{ value: (100 * n) / universes, unit: '%' },
      });
    }
  },
};
