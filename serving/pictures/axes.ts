import { type ScaleLinear, type ScaleTime, scaleUtc } from 'd3-scale';
import type { SessionDate } from '../../domain/bar.ts';
import { element, words } from './svg.ts';

/** Where a plot lies within its picture, in pixels. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Horizontal lines across a plot at round values, each with its value on the left. */
export function valueAxis(
  { left, right }: Frame,
  scale: ScaleLinear<number, number>,
  format: (value: number) => string,
  nTicks = 6,
): string {
  return scale
    .ticks(nTicks)
    .map((value) => {
      const y = scale(value);
      const line = element('line', { class: 'grid', x1: left, x2: right, y1: y, y2: y });
      return line + words(format(value), { class: 'small muted', x: left - 8, y: y + 4, 'text-anchor': 'end' });
    })
    .join('');
}

/** The bottom line of a plot with round values below it. */
export function bottomAxis(
  { left, right, top, bottom }: Frame,
  ticks: readonly { readonly x: number; readonly text: string }[],
  lines: 'short' | 'high',
): string {
  const marks = ticks.map(({ x, text }) => {
    const y1 = lines === 'high' ? top : bottom + 5;
    const mark = element('line', { class: lines === 'high' ? 'grid' : 'axis', x1: x, x2: x, y1, y2: bottom });
    return mark + words(text, { class: 'small muted', x, y: bottom + 19, 'text-anchor': 'middle' });
  });
  return marks.join('') + element('line', { class: 'axis', x1: left, x2: right, y1: bottom, y2: bottom });
}

/** What lies along the bottom of a plot over time. */
export interface TimeAxis {
  /** Where a session stands. */
  x(date: SessionDate): number;
  readonly drawn: string;
}

/** A time axis over ascending sessions, in UTC, so that the machine's time zone changes nothing. */
export function timeAxis(frame: Frame, dates: readonly SessionDate[]): TimeAxis {
  const scale: ScaleTime<number, number> = scaleUtc(
    [new Date(dates[0]!), new Date(dates.at(-1)!)],
    [frame.left, frame.right],
  );
  // Few sessions give ticks within a day: those on full days alone are sessions.
  const ticks = scale.ticks(8).filter((tick) => tick.getTime() % DAY_MS === 0);
  return {
    x: (date) => scale(new Date(date)),
    drawn: bottomAxis(
      frame,
      ticks.map((tick, i) => ({ x: scale(tick), text: dayInWords(tick, i === 0) })),
      'short',
    ),
  };
}

const DAY_MS = 86_400_000;

/** As short as it can be: the year on its first day, the month on its first, else the day; `isFirst` tells the year, too. */
function dayInWords(day: Date, isFirst: boolean): string {
  const [isMonth, isYear] = [day.getUTCDate() === 1, day.getUTCDate() === 1 && day.getUTCMonth() === 0];
  if (isYear) return String(day.getUTCFullYear());
  return day.toLocaleDateString('en-US', {
    timeZone: 'UTC',
    month: 'short',
    ...(isMonth ? {} : { day: 'numeric' }),
    ...(isFirst ? { year: 'numeric' } : {}),
  });
}

/** A fraction in percent, as short as the step between ticks allows. */
export function percentOf(decimals: number): (fraction: number) => string {
  return (fraction) => `${(fraction * 100).toFixed(decimals).replace(/^-(0(\.0+)?)$/, '$1')}%`;
}

/** Decimals of a percentage that tell the ticks of a scale apart. */
export function percentDecimals(scale: ScaleLinear<number, number>, nTicks = 6): number {
  const [first = 0, second = 1] = scale.ticks(nTicks);
  return Math.max(0, Math.ceil(-Math.log10((second - first) * 100) - 1e-9));
}
