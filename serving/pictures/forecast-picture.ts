import { scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import type { IntervalLevel } from '../../domain/calibration.ts';
import { outOfSample } from '../../models/evaluation/calibrated.ts';
import type { OutOfSampleForecasts } from '../../models/evaluation/out-of-sample.ts';
import { type Frame, percentDecimals, percentOf, timeAxis, valueAxis } from './axes.ts';
import { type Subject, captionOf, inSessions } from './subject.ts';
import { HEIGHT, MARGIN, WIDTH, element, legend, picture } from './svg.ts';

/** Sessions that are shown: about a year. */
const NEWEST = 250;

const FRAME: Frame = {
  left: MARGIN.left,
  right: WIDTH - MARGIN.right,
  top: MARGIN.top,
  bottom: HEIGHT - MARGIN.bottom,
};

/** One session that was forecast from; returns over the horizon as fractions. */
interface Day {
  readonly x: number;
  readonly came: number;
  readonly said: number;
  readonly bounds: readonly { readonly level: IntervalLevel; readonly lower: number; readonly upper: number }[];
}

/** The newest forecasts with their 80% and 95% intervals, against the returns that came. */
export function forecastPicture(subject: Subject): string {
  const { horizon } = subject.model;
  const forecasts = outOfSample(subject.series, horizon);
  const from = Math.max(0, forecasts.dates.length - NEWEST);
  const dates = forecasts.dates.slice(from);
  const time = timeAxis(FRAME, dates);
  const days = dates.map((date, i) => dayOf(forecasts, from + i, time.x(date)));

  const reach = days.flatMap(({ came, bounds }) => [came, ...bounds.flatMap(({ lower, upper }) => [lower, upper])]);
  const y = scaleLinear([Math.min(...reach), Math.max(...reach)], [FRAME.bottom, FRAME.top]).nice();
  const band = (level: number) =>
    area<Day>(
      ({ x }) => x,
      ({ bounds }) => y(bounds.find((each) => each.level === level)!.lower),
      ({ bounds }) => y(bounds.find((each) => each.level === level)!.upper),
    )(days)!;
  const middle = line<Day>(
    ({ x }) => x,
    ({ said }) => y(said),
  )(days)!;
  const outcomes = days.map((day) => {
    const widest = levelsThatHeld(day);
    const look = LOOKS[widest]!;
    return { widest, drawn: element('circle', { ...look, cx: day.x, cy: y(day.came) }) };
  });
  // Those outside lie on top of those inside.
  const points = [0, 1, 2].flatMap((widest) => outcomes.filter((each) => each.widest === widest));

  const held = (least: number) => outcomes.filter(({ widest }) => widest <= least).length;
  const shares = `80% intervals held ${share(held(0), days.length)} of these, 95% intervals ${share(held(1), days.length)}`;
  const caption = captionOf(subject, 'forecast', {
    what: 'forecast and what came',
    subtitle: `Return over ${inSessions(horizon)}, by the session forecast from · ${shares}`,
    description:
      `The newest ${days.length} forecasts, made from ${dates[0]} to ${dates.at(-1)}, as a line with bands for the 80% and ` +
      `95% intervals, and the returns that came as dots. ${shares}.`,
  });
  return picture(
    caption,
    legend(LEGEND, 76),
    valueAxis(FRAME, y, percentOf(percentDecimals(y))),
    element('path', { class: 'band95', d: band(0.95) }),
    element('path', { class: 'band80', d: band(0.8) }),
    element('line', { class: 'axis', x1: FRAME.left, x2: FRAME.right, y1: y(0), y2: y(0) }),
    element('path', { class: 'model', d: middle }),
    ...points.map(({ drawn }) => drawn),
    time.drawn,
  );
}

/** How an outcome looks that lies inside both intervals, inside the wider one alone, and outside both. */
const LOOKS = [
  { class: 'came', r: 1.6 },
  { class: 'missed', r: 2.6 },
  { class: 'far', r: 3.6 },
] as const;

const LEGEND = [
  { sign: element('line', { class: 'model', x1: -12, x2: 12, y1: 0, y2: 0 }), text: 'forecast' },
  { sign: element('rect', { class: 'band80', x: -12, y: -6, width: 24, height: 12 }), text: '80% interval' },
  { sign: element('rect', { class: 'band95', x: -12, y: -6, width: 24, height: 12 }), text: '95% interval' },
  { sign: element('circle', { ...LOOKS[0] }), text: 'came, inside 80%' },
  { sign: element('circle', { ...LOOKS[1] }), text: 'outside 80%' },
  { sign: element('circle', { ...LOOKS[2] }), text: 'outside 95%' },
];

function dayOf({ y, yHat, intervals }: OutOfSampleForecasts, i: number, x: number): Day {
  return {
    x,
    came: Math.expm1(y[i]!),
    said: Math.expm1(yHat[i]!),
    bounds: intervals.map(({ level, lower, upper }) => ({
      level,
      lower: Math.expm1(lower[i]!),
      upper: Math.expm1(upper[i]!),
    })),
  };
}

/** 0 when the narrower interval held the outcome, 1 when the wider one alone did, 2 when neither. */
function levelsThatHeld({ came, bounds }: Day): number {
  return bounds.filter(({ lower, upper }) => came < lower || came > upper).length;
}

function share(n: number, of: number): string {
  return percentOf(1)(n / of);
}
