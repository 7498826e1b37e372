import { Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { CountedHistogram } from './counted-histogram.ts';
import { metricsOfAll } from './metrics-of-all.ts';

const BOUNDS = [0.001, 0.1, 1];
const METRIC = { name: 'seconds', help: 'Time to answer' };

test('says in both forms what a histogram of prom-client says of the same durations', async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const counted = new CountedHistogram(METRIC, BOUNDS, ours);
  const peer = new Histogram({ ...METRIC, labelNames: ['route'], buckets: BOUNDS, registers: [theirs] });
  for (const [route, seconds] of [
    ['/a', [0.0005, 0.001, 0.05, 0.5, 5]],
    ['/b', [1, 1.0001]],
  ] as const) {
    const durations = counted.durations({ route });
    for (const each of seconds) {
      durations.add(each);
      peer.observe({ route }, each);
    }
  }
  const lines = (text: string) =>
    text.split('\n').map((line) => line.replace(/\{(.*)\}/, (_, all: string) => all.split(',').sort().join(',')));
  expect(lines(await ours.metrics())).toEqual(lines(await theirs.metrics()));
  const [one, other] = [await ours.getMetricsAsJSON(), await theirs.getMetricsAsJSON()];
  expect(lines(await metricsOfAll([one, one]).metrics()).sort()).toEqual(
    lines(await metricsOfAll([other, other]).metrics()).sort(),
  );
});
