import type { RestatementAnswer } from '../../serving/restatement-answer.ts';
import type { Colors } from '../output.ts';
import { plainTable } from './plain-table.ts';

const SHOWN = 20;

/** The list of restatements, newest first, a line per ticker. */
export function restatementList(restatements: readonly RestatementAnswer[], colors: Colors): string {
  if (restatements.length === 0) return 'No known history was changed so far.';
  const columns = [{ heading: 'restatement' }, { heading: 'learnt' }, { heading: 'from' }, { heading: 'what changed' }];
  const rows = restatements.flatMap(({ restatement_id: id, learnt_at: learnt, source, tickers }) =>
    tickers.map(({ summary }, i) =>
      i === 0 ? [colors.bold(id), learnt.slice(0, 19).replace('T', ' '), source, summary] : ['', '', '', summary],
    ),
  );
  return plainTable(columns, rows, colors);
}

/** One restatement: what it changed, what rests on it, and how that is trained again. */
export function restatementDetails(answer: RestatementAnswer): string {
  const { restatement_id: id, source, learnt_at: learnt } = answer;
  return [`restatement ${id}, learnt ${learnt} from ${source}`, ...restatementLines(answer)].join('\n');
}

/** What a restatement changed and what rests on it, a line each, as said below what was taken in. */
export function restatementLines(answer: RestatementAnswer): string[] {
  const { restatement_id: id, tickers, affected, retraining, problem } = answer;
  const lines = tickers.map(({ summary }) => `  ${summary}`);
  if (tickers.length > SHOWN) lines.splice(SHOWN, tickers.length, `  and ${tickers.length - SHOWN} more tickers`);
  if (affected !== undefined) {
    const { datasets, models, n_forecasts: nForecasts, serving } = affected;
    lines.push(
      datasets.length === 0
        ? '  nothing rests on it'
        : `  rests on it: ${plural(datasets.length, 'dataset')}, ${plural(models.length, 'model')}, ${plural(nForecasts, 'forecast')}`,
      ...serving.map(
        ({ ticker, horizon, model }) => `  serves and rests on it: ${ticker} horizon ${horizon}, ${model}`,
      ),
    );
  }
  if (problem !== undefined) lines.push(`  not everything could be found out or done: ${problem}`);
  if (retraining.run_id !== null) lines.push(`  trained again by: npx stockcast runs show ${retraining.run_id}`);
  else if (retraining.how !== null) lines.push(`  train that again: ${retraining.how}`);
  lines.push(`  all of it: npx stockcast restatements show ${id} --json`);
  return lines;
}

function plural(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
