import { expect, test } from 'vitest';
import { compiledProgram } from '../../infra/setup/program.js';
import type * as Simulations from '../../tests/drift-simulations.ts';
import type { NamedColumn } from './compare-windows.ts';

const simulations: typeof Simulations = await import(await compiledProgram('tests/drift-simulations.ts'));
const { autoregressive, clusteredFeatures, clusteredPrices, compareWindows, moreVolatile, simulatedVerdict, split } =
  simulations;

const RUNS = 200;
const [REFERENCE, WINDOW] = [504, 25];

/** Share of seeds on which `alarms` says so. */
function rate(runs: number, alarms: (seed: number) => boolean): number {
  let n = 0;
  for (let seed = 1; seed <= runs; seed++) if (alarms(seed)) n++;
  return n / runs;
}

const compared = (columns: readonly NamedColumn[], alter = (newest: NamedColumn[]) => newest) => {
  const [reference, newest] = split(columns, REFERENCE, WINDOW);
  return compareWindows(reference, alter(newest));
};
const changed = (times: number, plus: number) => (newest: NamedColumn[]) =>
  newest.map(({ name, values }, j) => ({ name, values: j === 0 ? values.map((v) => v * times + plus) : values }));

// What is said to be 5% must hold for data that is anything but independent.
test.each([
  ['independent', (seed: number) => autoregressive(0, 12, REFERENCE + WINDOW, seed)],
  ['autocorrelated', (seed: number) => autoregressive(0.9, 12, REFERENCE + WINDOW, seed)],
  ['slowly moving', (seed: number) => autoregressive(0.97, 4, REFERENCE + WINDOW, seed)],
])('of %s columns that did not drift at most one in twenty is said to have', (_, make) => {
  expect(rate(RUNS, (seed) => compared(make(seed)).p <= 0.05)).toBeLessThanOrEqual(0.05);
});

test('of features of prices with clustered volatility that did not drift at most 5% are said to have', () => {
  const alarms = (seed: number) => compared(clusteredFeatures(seed, REFERENCE + WINDOW)).p <= 0.05;
  expect(rate(RUNS, alarms)).toBeLessThanOrEqual(0.05);
});

test('a shift of the mean or the spread of one of twelve columns is caught', () => {
  const make = (seed: number) => autoregressive(0, 12, REFERENCE + WINDOW, seed);
  const caught = (times: number, plus = 0) =>
    rate(60, (seed) => {
      const { columns, p } = compared(make(seed), changed(times, plus));
      // And it is that column which is named.
      return p <= 0.05 && columns[0]!.p === p;
    });
  expect(caught(1, 1.5)).toBeGreaterThan(0.9);
  expect(caught(4)).toBeGreaterThan(0.9);
  expect(caught(0.1)).toBeGreaterThan(0.9);
});

test.each([1, 10])(
  'of whole reports at horizon %i few raise an alarm without drift, at most one in twenty',
  (horizon) => {
    const alarms = (seed: number) =>
      simulatedVerdict(clusteredPrices(seed, 1200), 1100, REFERENCE, horizon).alarms.length > 0;
    expect(rate(150, alarms)).toBeLessThanOrEqual(0.05);
  },
);

test('a market that becomes four times as volatile is seen in a whole report', () => {
  const alarms = (seed: number) => {
    const series = moreVolatile(clusteredPrices(seed, 1200), 1120, 4);
    return simulatedVerdict(series, 1100, REFERENCE, 1).alarms.length > 0;
  };
  expect(rate(40, alarms)).toBeGreaterThan(0.8);
});
