import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { outOfSample } from '../../models/evaluation/calibrated.ts';
import { lossRatio } from '../../models/evaluation/metrics.ts';
import { type Frame, timeAxis, valueAxis } from './axes.ts';
import { type Subject, captionOf, count } from './subject.ts';
import { HEIGHT, MARGIN, WIDTH, element, legend, picture } from './svg.ts';

/** Forecasts that one point looks back on: about a year, or a third of a shorter history. */
const WINDOW = 252;
/** More points than this can't be told apart on the width of the picture. */
const MOST_POINTS = 800;
/** The least that is shown above and below naive, so that differences that mean nothing look like nothing. */
const LEAST_REACH = 0.01;

const FRAME: Frame = {
  left: MARGIN.left,
  right: WIDTH - MARGIN.right,
  top: MARGIN.top,
  bottom: HEIGHT - MARGIN.bottom,
};

/** RMSE over naive's, and drift's over naive's, of the forecasts that end at each session. */
export function errorPicture(subject: Subject): string {
  const { kind, horizon } = subject.model;
  const { dates, y, yHat, naive, drift } = outOfSample(subject.series, horizon);
  const window = Math.min(WINDOW, Math.ceil(y.length / 3));
  const ends = Array.from({ length: y.length - window + 1 }, (_, i) => i + window - 1);
  const step = Math.ceil(ends.length / MOST_POINTS);
  const shown = ends.filter((end) => (ends.at(-1)! - end) % step === 0);

  const lossOf = (forecasts: Float64Array) => {
    const losses = rollingRmse(y, forecasts, window);
    return shown.map((end) => losses[end - window + 1]!);
  };
  const ofNaive = lossOf(naive);
  const ratios = (forecasts: Float64Array) => lossOf(forecasts).map((loss, i) => lossRatio(loss, ofNaive[i]!));
  const [model, drifting] = [ratios(yHat), ratios(drift)];

  const all = [...model, ...drifting, 1 - LEAST_REACH, 1 + LEAST_REACH];
  const value = scaleLinear([Math.min(...all), Math.max(...all)], [FRAME.bottom, FRAME.top]).nice();
  const time = timeAxis(
    FRAME,
    shown.map((end) => dates[end]!),
  );
  const path = (values: readonly number[]) =>
    line<number>(
      (_, i) => time.x(dates[shown[i]!]!),
      (ratio) => value(ratio),
    )(values)!;

  const { rmseRatioToNaive, rmseRatioToDrift } = subject.evaluation;
  const overall = `over all ${rmseRatioToNaive.toFixed(4)}, over drift's ${rmseRatioToDrift.toFixed(4)}`;
  const worse = model.filter((ratio) => ratio > 1).length / model.length;
  const caption = captionOf(subject, 'error', {
    what: 'error beside naive, over time',
    subtitle: `RMSE over naive's in the ${count(window)} forecasts up to each session; below 1 is better · ${overall}`,
    description:
      `Rolling ratio of RMSE to that of the naive forecast, over ${count(window)} forecasts, from ${dates[shown[0]!]} to ` +
      `${dates[shown.at(-1)!]}; the same for the drift forecast. The model was worse than naive in ` +
      `${(worse * 100).toFixed(0)}% of the windows. Ratio to naive ${overall}.`,
  });
  return picture(
    caption,
    legend(
      [
        { sign: element('line', { class: 'model', x1: -12, x2: 12, y1: 0, y2: 0 }), text: kind },
        { sign: element('line', { class: 'other dash', x1: -12, x2: 12, y1: 0, y2: 0 }), text: 'drift' },
        { sign: element('line', { class: 'axis', x1: -12, x2: 12, y1: 0, y2: 0 }), text: 'naive' },
      ],
      76,
    ),
    valueAxis(FRAME, value, value.tickFormat(6)),
    element('line', { class: 'axis', x1: FRAME.left, x2: FRAME.right, y1: value(1), y2: value(1) }),
    element('path', { class: 'other dash', d: path(drifting) }),
    element('path', { class: 'model', d: path(model) }),
    time.drawn,
  );
}

/** RMSE of each `window` consecutive forecasts, in order. */
function rollingRmse(y: Float64Array, yHat: Float64Array, window: number): Float64Array {
  const losses = new Float64Array(y.length - window + 1);
  let sum = 0;
  y.forEach((outcome, t) => {
    sum += (outcome - yHat[t]!) ** 2;
    if (t >= window) sum -= (y[t - window]! - yHat[t - window]!) ** 2;
    // Subtraction may leave a rounding error below zero where every error is zero.
    if (t >= window - 1) losses[t - window + 1] = Math.sqrt(Math.max(0, sum) / window);
  });
  return losses;
}
