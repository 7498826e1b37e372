import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { seriesOf } from '../../domain/dataset.ts';
import { DEFAULT_HORIZONS } from '../../domain/horizon.ts';
import { adjust } from '../../market/adjustment.ts';
import { buildFeatures } from '../../models/features/build-features.ts';
import { KINDS } from '../../models/kinds.ts';
import { SAMPLE_TICKERS, sampleBars, sampleEvents } from '../../tests/sample-series.ts';
import type { Figure } from '../figure.ts';
import { type Subject, figuresOf, within } from './figures.ts';
import { allForecasts } from './forecasts.ts';
import { servedForecasts } from './served.ts';
import { evaluationTable } from './table.ts';

const FROM = '2005-03-01';
const TO = '2013-03-01';

new Command('npm run evaluate --')
  .description(
    `Judges every kind, and what the gate would have served, on origins ${FROM} to ${TO} of the bundled prices.`,
  )
  .option('--json', 'print one line of JSON per figure')
  .option('--seed <number>', 'seed of every fit', wholeNumber, 7)
  .option('--out <folder>', 'where the table and the figures are written', join('.stockcast', 'evaluation'))
  .action(main)
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  });

async function main({ json, seed, out }: { json?: true; seed: number; out: string }): Promise<void> {
  const progress = (text: string) => void process.stderr.write(`${text}\n`);
  const tickers = SAMPLE_TICKERS.map((ticker) => {
    const history = { series: seriesOf(sampleBars(ticker)), events: sampleEvents(ticker) };
    return { history, features: buildFeatures(adjust(history.series, history.events)) };
  });
  const figures: Figure[] = [];
  for (const horizon of DEFAULT_HORIZONS) {
    const kinds = await allForecasts(tickers, horizon, seed, progress);
    progress(`served, ${horizon} sessions`);
    const family = { nTickers: tickers.length, nHorizons: DEFAULT_HORIZONS.length };
    const served = kinds.map((ofTicker) => servedForecasts(ofTicker, horizon, FROM, family));
    const share = (name: string) =>
      served.map(({ kinds: by }) => by.filter((kind) => kind === name).length / Math.max(1, by.length));
    const naive = (ticker: number) => kinds[ticker]!.find(({ kind }) => kind === 'naive')!.forecasts;
    const subjects: Subject[] = [
      { name: 'served', forecasts: served.map(({ forecasts }, i) => within(forecasts, FROM, TO, naive(i))) },
      ...KINDS.map(({ name }, k) => ({
        name,
        forecasts: kinds.map((ofTicker, i) => within(ofTicker[k]!.forecasts, FROM, TO, naive(i))),
        share: share(name),
      })),
    ];
    const found = figuresOf(SAMPLE_TICKERS, horizon, subjects);
    if (json) for (const figure of found) process.stdout.write(`${JSON.stringify(figure)}\n`);
    figures.push(...found);
  }
  const table = evaluationTable(figures);
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'figures.jsonl'), figures.map((figure) => `${JSON.stringify(figure)}\n`).join(''));
  writeFileSync(join(out, 'table.txt'), `${table}\n`);
  if (!json) process.stdout.write(`${table}\n`);
  progress(`written to ${out}`);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 0 on.');
  return Number(text);
}
