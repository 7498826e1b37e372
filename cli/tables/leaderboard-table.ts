import type { LeaderboardEntry } from '../../serving/leaderboard.ts';
import type { Colors } from '../output.ts';
import { type Column, plainTable } from './plain-table.ts';

const right = (heading: string): Column => ({ heading, align: 'right' });

const COLUMNS: readonly Column[] = [
  { heading: 'ticker' },
  right('horizon'),
  { heading: 'model' },
  right('RMSE'),
  right('MAE'),
  right('to naive'),
  right('to drift'),
  right('direction'),
  right('always up'),
  right('forecasts'),
  { heading: '' },
];

/**
 * Every model of every ticker and horizon beside the baselines, best first, then why what serves was promoted. Errors
 * are in log returns over the horizon, ratios are of RMSE (below 1 beats the baseline).
 */
export function leaderboardTable(entries: readonly LeaderboardEntry[], colors: Colors): string {
  if (entries.length === 0) return 'No model has been evaluated yet: npx stockcast train';
  const rows = entries.flatMap(({ ticker, horizon, models }) =>
    models.map(({ kind, evaluation, promoted }, i) => [
      i === 0 ? colors.bold(ticker) : '',
      i === 0 ? String(horizon) : '',
      promoted ? colors.green(kind) : kind,
      evaluation.model.rmse.toFixed(5),
      evaluation.model.mae.toFixed(5),
      evaluation.rmseRatioToNaive.toFixed(4),
      evaluation.rmseRatioToDrift.toFixed(4),
      percent(evaluation.directionalAccuracy),
      percent(evaluation.alwaysUpAccuracy),
      String(evaluation.nForecasts),
      promoted ? colors.green('promoted') : '',
    ]),
  );
  return [plainTable(COLUMNS, rows, colors), '', ...entries.flatMap(reasonLines)].join('\n');
}

function reasonLines({ ticker, horizon, promoted, reasons }: LeaderboardEntry): string[] {
  const sessions = horizon === 1 ? '1 session' : `${horizon} sessions`;
  const title = `${ticker}, ${sessions}: ${promoted === null ? 'nothing is promoted' : `${promoted} serves`}`;
  return [title, ...reasons.map((reason) => `  - ${reason}`)];
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)}%`;
}
