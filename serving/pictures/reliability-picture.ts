import { scaleLinear } from 'd3-scale';
import type { Evaluation, ReliabilityBin } from '../../domain/evaluation.ts';
import type { Horizon } from '../../domain/horizon.ts';
import { binomialInterval } from '../../models/evaluation/statistics/index.ts';
import { type Frame, bottomAxis, percentDecimals, percentOf, valueAxis } from './axes.ts';
import { type Subject, captionOf, count } from './subject.ts';
import { HEIGHT, MARGIN, element, picture, words } from './svg.ts';

const DIRECTION: Frame = { left: MARGIN.left, right: 410, top: MARGIN.top + 14, bottom: HEIGHT - 78 };
const INTERVALS: Frame = { left: 560, right: 790, top: MARGIN.top + 14, bottom: HEIGHT - 78 };

/** What was promised beside what came true: probabilities of the direction, and intervals. */
export function reliabilityPicture(subject: Subject): string {
  const { evaluation, model } = subject;
  const { brier, brierOfBaseRate, reliability, intervals } = evaluation;
  // Without a direction on any day there is nothing to be wrong about.
  const scores =
    brierOfBaseRate === 0
      ? 'No direction was ever promised'
      : `Brier score of the direction's probability ${brier.toFixed(4)}, of a constant base rate ${brierOfBaseRate.toFixed(4)}`;
  const caption = captionOf(subject, 'reliability', {
    what: 'promised and held',
    subtitle: `${scores} · bars: 95% of chance`,
    description: [
      ...reliability.map(
        ({ n, meanPromised, shareRight }) =>
          `Of ${count(n)} directions promised with ${inPercent(meanPromised)} on average, ${inPercent(shareRight)} were right.`,
      ),
      ...intervals.map(
        ({ level, model: of, constantWidth }) =>
          `The ${level * 100}% intervals held ${inPercent(of.coverage)} of the outcomes, those of constant width ${inPercent(constantWidth.coverage)}.`,
      ),
    ].join(' '),
  });
  return picture(caption, directionPlot(reliability, model.horizon), intervalPlot(evaluation, model.horizon));
}

/** How often the direction was right, by what was promised; the diagonal is where both are equal. */
function directionPlot(bins: readonly ReliabilityBin[], horizon: Horizon): string {
  const points = bins.map((bin) => ({ ...bin, chance: binomialInterval(bin.shareRight, bin.n / horizon) }));
  // A little before one half, so that a point there does not lie on the axis.
  const x = scaleLinear([0.49, Math.max(0.6, ...bins.map(({ to }) => to))], [DIRECTION.left, DIRECTION.right]);
  const reach = points.flatMap(({ chance }) => [...chance]);
  const [, most] = x.domain() as [number, number];
  const y = scaleLinear([Math.min(0.45, ...reach), Math.max(most, ...reach)], [DIRECTION.bottom, DIRECTION.top]).nice();
  const total = bins.reduce((sum, { n }) => sum + n, 0);
  const ticks = x.ticks(5).map((value) => ({ x: x(value), text: percentOf(percentDecimals(x, 5))(value) }));
  const [low, high] = [Math.max(0.5, y.domain()[0]!), Math.min(most, y.domain()[1]!)];
  return [
    words('Direction: share right', { x: DIRECTION.left - 42, y: DIRECTION.top - 20 }),
    valueAxis(DIRECTION, y, percentOf(percentDecimals(y))),
    bottomAxis(DIRECTION, ticks, 'short'),
    words('promised probability', {
      class: 'small muted',
      x: (DIRECTION.left + DIRECTION.right) / 2,
      y: DIRECTION.bottom + 37,
      'text-anchor': 'middle',
    }),
    element('line', { class: 'other dash', x1: x(low), y1: y(low), x2: x(high), y2: y(high) }),
    ...points.map(({ meanPromised, shareRight, n, chance: [from, to] }) => {
      const at = x(meanPromised);
      // Beside its point, on the side where there is room.
      const beside =
        at + 60 < DIRECTION.right ? { x: at + 7, 'text-anchor': 'start' } : { x: at - 7, 'text-anchor': 'end' };
      return [
        element('line', { class: 'model', x1: at, x2: at, y1: y(from), y2: y(to) }),
        element('circle', { class: 'model-fill', cx: at, cy: y(shareRight), r: 3 + 5 * Math.sqrt(n / total) }),
        words(`n ${count(n)}`, { class: 'small muted', y: y(shareRight) + 19, ...beside }),
      ].join('');
    }),
  ].join('');
}

/** How many outcomes the intervals held, beside those of constant width; a dashed line is what was promised. */
function intervalPlot({ intervals, nForecasts }: Evaluation, horizon: Horizon): string {
  const rows = intervals.flatMap(({ level, model, constantWidth }) =>
    [
      { level, name: 'model', isModel: true, coverage: model.coverage },
      { level, name: 'constant width', isModel: false, coverage: constantWidth.coverage },
    ].map((row) => ({ ...row, chance: binomialInterval(row.coverage, nForecasts / horizon) })),
  );
  const least = Math.min(0.7, ...rows.map(({ chance }) => chance[0]));
  const x = scaleLinear([Math.floor(least * 10) / 10, 1], [INTERVALS.left, INTERVALS.right]);
  const rowHeight = (INTERVALS.bottom - INTERVALS.top) / rows.length;
  const ticks = x.ticks(4).map((value) => ({ x: x(value), text: percentOf(0)(value) }));
  return [
    words('Intervals: share of outcomes held', { x: INTERVALS.left - 118, y: INTERVALS.top - 20 }),
    bottomAxis(INTERVALS, ticks, 'high'),
    words('dashed: promised', {
      class: 'small muted',
      x: (INTERVALS.left + INTERVALS.right) / 2,
      y: INTERVALS.bottom + 37,
      'text-anchor': 'middle',
    }),
    ...rows.map(({ level, name, isModel, coverage, chance: [from, to] }, i) => {
      const y = INTERVALS.top + (i + 0.5) * rowHeight;
      const end = { y: y + 4, 'text-anchor': 'end' };
      return [
        element('line', {
          class: 'other dash',
          x1: x(level),
          x2: x(level),
          y1: y - rowHeight / 2 + 4,
          y2: y + rowHeight / 2 - 4,
        }),
        words(`${level * 100}% ${name}`, { class: isModel ? 'small' : 'small muted', x: INTERVALS.left - 10, ...end }),
        element('line', { class: isModel ? 'model' : 'other', x1: x(from), x2: x(to), y1: y, y2: y }),
        element('circle', { class: isModel ? 'model-fill' : 'other-fill', cx: x(coverage), cy: y, r: 5 }),
        words(inPercent(coverage), { class: isModel ? 'small' : 'small muted', x: INTERVALS.right + 48, ...end }),
      ].join('');
    }),
  ].join('');
}

function inPercent(fraction: number): string {
  return percentOf(1)(fraction);
}
