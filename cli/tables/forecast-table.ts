import type { PredictionAnswer } from '../../serving/prediction-answer.ts';
import type { Colors } from '../output.ts';
import { type Column, plainTable } from './plain-table.ts';

const right = (heading: string): Column => ({ heading, align: 'right' });

const COLUMNS: readonly Column[] = [
  { heading: 'ticker' },
  { heading: 'as of' },
  right('close'),
  right('horizon'),
  { heading: 'target date' },
  right('target'),
  right('change'),
  { heading: 'direction' },
  right('confidence'),
  right('80% interval'),
  { heading: 'model' },
];

/** Forecasts side by side, prices in USD as traded, with what a reader must know of each below. */
export function forecastTable(answers: readonly PredictionAnswer[], colors: Colors): string {
  const rows = answers.map((answer) => {
    const { price_target: target, confidence, direction } = answer.prediction;
    return [
      colors.bold(answer.ticker),
      answer.as_of,
      answer.current_price.toFixed(2),
      String(answer.horizon),
      answer.target_date,
      target.toFixed(2),
      signedPercent(target / answer.current_price - 1),
      direction === 'bullish' ? colors.green(direction) : direction === 'bearish' ? colors.red(direction) : direction,
      `${(confidence * 100).toFixed(1)}%`,
      intervalInWords(answer),
      `${answer.model} v${answer.model_version}`,
    ];
  });
  const notes = [...quotesOf(answers), ...notesOf(answers)];
  return [plainTable(COLUMNS, rows, colors), ...(notes.length === 0 ? [] : ['', ...notes])].join('\n');
}

function intervalInWords({ intervals }: PredictionAnswer): string {
  const narrow = intervals[0];
  return narrow === undefined ? '' : `${narrow.low.toFixed(2)} to ${narrow.high.toFixed(2)}`;
}

function quotesOf(answers: readonly PredictionAnswer[]): string[] {
  return answers.flatMap(({ ticker, quote }) => {
    if (quote === undefined) return [];
    const { price, at, source, stale, problem = 'no newer price' } = quote;
    return `  ${ticker}: ${price.toFixed(2)} at ${at} by ${source}${stale ? ` (stale: ${problem})` : ''}`;
  });
}

// One line per note, with the forecasts that it speaks of, since most forecasts share theirs.
function notesOf(answers: readonly PredictionAnswer[]): string[] {
  const tickersByNote = new Map<string, Set<string>>();
  for (const { ticker, notes } of answers) {
    for (const note of notes) tickersByNote.set(note, (tickersByNote.get(note) ?? new Set()).add(ticker));
  }
  return [...tickersByNote].map(([note, tickers]) => `  ${[...tickers].join(', ')}: ${note}`);
}

function signedPercent(fraction: number): string {
  const text = (fraction * 100).toFixed(2);
  return fraction > 0 ? `+${text}%` : `${text === '-0.00' ? '0.00' : text}%`;
}
