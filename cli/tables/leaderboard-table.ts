import type { Evaluation } from '../../domain/evaluation.ts';
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
  right('in 80%'),
  right('in 95%'),
  right('forecasts'),
];
/** Shown once a live forecast has been scored. */
const LIVE_COLUMNS: readonly Column[] = [right('live'), right('live to naive'), right('live in 80%')];
const STAGE: Column = { heading: 'stage' };

/**
 * Every model of every ticker and horizon beside the baselines, best first, then the decision on what serves. Errors
 * are in log returns over the horizon, ratios are of RMSE (below 1 beats the baseline).
 */
export function leaderboardTable(entries: readonly LeaderboardEntry[], colors: Colors): string {
  if (entries.length === 0) return 'No model has been evaluated yet: npx stockcast train';
  const hasLive = entries.some(({ models }) => models.some(({ live }) => live !== undefined));
  const rows = entries.flatMap(({ ticker, horizon, models }) =>
    models.map(({ kind, evaluation, promoted, stage, live, behindNaive }, i) => [
      i === 0 ? colors.bold(ticker) : '',
      i === 0 ? String(horizon) : '',
      promoted ? colors.green(kind) : kind,
      evaluation.model.rmse.toFixed(5),
      evaluation.model.mae.toFixed(5),
      evaluation.rmseRatioToNaive.toFixed(4),
      evaluation.rmseRatioToDrift.toFixed(4),
      percent(evaluation.directionalAccuracy),
      percent(evaluation.alwaysUpAccuracy),
      coverage(evaluation, 0.8),
      coverage(evaluation, 0.95),
      String(evaluation.nForecasts),
      ...(hasLive ? liveCells(live) : []),
      behindNaive !== undefined ? colors.red(`${stage}, behind naive`) : promoted ? colors.green(stage) : stage,
    ]),
  );
  const reasons = entries.map(reasonLine);
  const more = `What was said of each model: npx stockcast certificate ${entries[0]!.ticker}`;
  return [
    plainTable([...COLUMNS, ...(hasLive ? LIVE_COLUMNS : []), STAGE], rows, colors),
    '',
    ...reasons,
    '',
    more,
  ].join('\n');
}

function liveCells(live: LeaderboardEntry['models'][number]['live']): string[] {
  if (live === undefined) return ['0', '', ''];
  const held = live.intervals.find(({ level }) => level === 0.8);
  return [String(live.n), live.rmseRatioToNaive.toFixed(4), held === undefined ? '' : percent(held.coverage)];
}

/** The decision in one sentence; what was said of each contender is in its certificate. */
function reasonLine({ ticker, horizon, promoted, reasons }: LeaderboardEntry): string {
  const sessions = horizon === 1 ? '1 session' : `${horizon} sessions`;
  const decision = reasons[0] ?? (promoted === null ? 'nothing is promoted' : `${promoted} serves`);
  return `${ticker}, ${sessions}: ${decision}`;
}

/** The share of outcomes inside the intervals of a level. */
function coverage({ intervals }: Evaluation, level: number): string {
  const found = intervals.find((each) => each.level === level);
  return found === undefined ? '' : percent(found.model.coverage);
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)}%`;
}
