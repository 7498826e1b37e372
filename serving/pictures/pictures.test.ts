import { expect, test } from 'vitest';
import { sessionAt } from '../../domain/calendar.ts';
import { evaluate } from '../../models/evaluation/evaluate.ts';
import { type ShrunkForecasts, shrunk } from '../../models/evaluation/shrinkage.ts';
import { VOLATILITY_WARM_UP } from '../../models/intervals/volatility.ts';
import { garchPrices, naiveForecasts } from '../../tests/naive-forecasts.ts';
import { errorPicture } from './error-picture.ts';
import { forecastPicture } from './forecast-picture.ts';
import { reliabilityPicture } from './reliability-picture.ts';
import type { Subject } from './subject.ts';

const PICTURES = { forecast: forecastPicture, reliability: reliabilityPicture, error: errorPicture };

/** Forecasts over `n` days of a simulated price, each a little of what comes, so that there is some skill to show. */
function subjectOf(
  n: number,
  { horizon = 10, ticker = 'A&B', prices = garchPrices(3, n + horizon + VOLATILITY_WARM_UP) } = {},
): Subject {
  const { ordinals, y, volatility } = naiveForecasts(prices, horizon);
  const raw = {
    ticker,
    dates: Array.from(ordinals, (ordinal) => sessionAt(ordinal)),
    ordinals,
    y,
    raw: y.map((outcome, t) => outcome * 0.1 + 0.01 * Math.sin(t)),
    drift: y.map(() => 0.001),
    volatility,
    nFolds: 5,
    firstFoldRows: 500,
    nWithoutTarget: 0,
  };
  const series: ShrunkForecasts = shrunk([raw], horizon, 'candidate')[0]!;
  const evaluation = evaluate(series, horizon, { passed: true, checks: [] });
  return { model: { id: 'abcdef0123456789', ticker, horizon, kind: 'linear' }, evaluation, series };
}

/** Every number that an SVG draws by, and its elements, checked to be closed in order. */
function readSvg(svg: string) {
  const open: string[] = [];
  for (const [, slash, name, rest] of svg.matchAll(/<(\/?)([a-zA-Z]+)([^>]*)>/g)) {
    if (slash === '/') expect(open.pop()).toBe(name);
    else if (!rest!.endsWith('/')) open.push(name!);
  }
  expect(open).toEqual([]);
  return {
    text: [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, words]) => words!),
    marks: (looks: string) => svg.split(`class="${looks}" r=`).length - 1,
  };
}

test.each(Object.entries(PICTURES))(
  '%s is the same each time, in every time zone, and names what it shows',
  (name, draw) => {
    const subject = subjectOf(900);
    const svg = draw(subject);
    const zone = process.env.TZ;
    process.env.TZ = 'Asia/Tokyo';
    expect(draw(subject)).toBe(svg);
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
    const { text } = readSvg(svg);
    expect(svg).toMatch(
      /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" .*role="img" aria-labelledby="\S+ \S+"><title id=/,
    );
    expect(svg).toMatch(new RegExp(`<desc id="${name}-abcdef012345-description">[^<]{80,}</desc>`));
    expect(text[0]).toMatch(/^A&amp;B, 10 sessions ahead, linear: /);
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(svg).not.toMatch(/NaN|Infinity|undefined|null/);
  },
);

test('every one of the newest 250 outcomes is drawn, by whether the intervals held it, and counted', () => {
  const { marks, text } = readSvg(forecastPicture(subjectOf(900)));
  // The legend shows each look once.
  const [inside, outside80, outside95] = ['came', 'missed', 'far'].map((looks) => marks(looks) - 1);
  expect(inside! + outside80! + outside95!).toBe(250);
  expect(outside80).toBeGreaterThan(0);
  const share = (n: number) => `${((n / 250) * 100).toFixed(1)}%`;
  expect(text[1]).toContain(
    `80% intervals held ${share(inside!)} of these, 95% intervals ${share(inside! + outside80!)}`,
  );
});

test('the error picture ends at the ratio of the newest year', () => {
  const subject = subjectOf(900);
  const { series } = subject;
  const svg = errorPicture(subject);
  const newest = series.y.length - 252;
  let [model, naive] = [0, 0];
  for (let t = newest; t < series.y.length; t++) {
    model += (series.y[t]! - series.raw[t]! * series.shrinkage[t]!) ** 2;
    naive += series.y[t]! ** 2;
  }
  const ticks = [...svg.matchAll(/y="([\d.]+)" text-anchor="end">([\d.]+)</g)].map(([, y, value]) => [
    Number(y) - 4,
    Number(value),
  ]);
  const [[y0, v0], [y1, v1]] = [ticks[0]!, ticks.at(-1)!] as [[number, number], [number, number]];
  const path = svg.match(/<path class="model" d="([^"]*)"/)![1]!;
  const lastY = Number(path.split(/[ML]/).at(-1)!.split(',')[1]);
  const drawn = v0 + ((lastY - y0) / (y1 - y0)) * (v1 - v0);
  expect(drawn).toBeCloseTo(Math.sqrt(model / naive), 3);
});

test('the reliability picture tells every bin and every level in words', () => {
  const subject = subjectOf(900);
  const svg = reliabilityPicture(subject);
  const { reliability, intervals } = subject.evaluation;
  for (const { n } of reliability) expect(svg).toContain(`>n ${n.toLocaleString('en-US')}</text>`);
  for (const { model, constantWidth } of intervals) {
    for (const { coverage } of [model, constantWidth]) expect(svg).toContain(`>${(coverage * 100).toFixed(1)}%</text>`);
  }
});

const FLAT = new Float64Array(200 + 10 + VOLATILITY_WARM_UP).fill(20);
test.each([
  ['one forecast', subjectOf(1)],
  ['a few forecasts', subjectOf(7)],
  ['a horizon of one session', subjectOf(300, { horizon: 1 })],
  ['a price that never moved', subjectOf(200, { prices: FLAT })],
])('%s can be drawn', (_, subject) => {
  for (const draw of Object.values(PICTURES)) {
    const svg = draw(subject);
    readSvg(svg);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  }
});
