import type { ExperimentAnswer } from '../../serving/experiment-answer.ts';
import type { Colors } from '../output.ts';
import { plainTable } from './plain-table.ts';

const SHOWN = 3;

/** The list of experiments, newest first. */
export function experimentList(experiments: readonly ExperimentAnswer[], colors: Colors): string {
  if (experiments.length === 0) {
    return 'No experiment was started yet: npx stockcast experiments start --tickers AAPL --challenger linear';
  }
  const columns = [
    ...['experiment', 'state', 'mode', 'horizon', 'tickers', 'challenger'].map((heading) => ({ heading })),
    { heading: 'pairs at the last look', align: 'right' as const },
    { heading: 'RMSE ratio', align: 'right' as const },
  ];
  const rows = experiments.map((each) => [
    ...[colors.bold(each.experiment_id), each.state, modeText(each), String(each.horizon), tickersText(each)],
    [...new Set(each.tickers.map(({ challenger }) => challenger))].join(', '),
    String(each.looks.at(-1)?.n ?? 0),
    each.looks.at(-1)?.rmse_ratio.toFixed(4) ?? '',
  ]);
  return plainTable(columns, rows, colors);
}

/** One experiment: its models, its stopping rule, what was found at each look, and why it ended. */
export function experimentDetails(answer: ExperimentAnswer, colors: Colors): string {
  const { experiment_id: id, state, horizon, tickers, stopping_rule: rule, looks, reasons } = answer;
  return [
    `experiment ${colors.bold(id)}: ${state}, ${modeText(answer)}, horizon ${horizon}`,
    ...tickers.map(
      ({ ticker, champion, champion_id: championId, challenger, challenger_id: challengerId }) =>
        `  ${ticker}  ${challenger} ${challengerId.slice(0, 12)} challenges ${champion} ${championId.slice(0, 12)}`,
    ),
    `  looks at ${rule.looks.join(', ')} pairs that do not overlap, alpha ${rule.alpha}`,
    ...looks.map(
      ({ n, rmse_ratio: ratio, p_better: better, p_worse: worse, level }) =>
        `  at ${n}: RMSE ${ratio.toFixed(4)} times the champion's, p better ${better.toPrecision(2)}, p worse ${worse.toPrecision(2)}, held against ${level.toPrecision(2)}`,
    ),
    ...reasons.map((reason) => `  ${reason}`),
    `  started ${answer.started_at} by ${answer.started_by}${answer.ended_at === null ? '' : `, ended ${answer.ended_at}`}`,
  ].join('\n');
}

function modeText({ mode, share, split_by: by }: ExperimentAnswer): string {
  return share === null ? mode : `${mode} ${share * 100}% of ${by}s`;
}

function tickersText({ tickers }: ExperimentAnswer): string {
  const more = tickers.length - SHOWN;
  const named = tickers.slice(0, SHOWN).map(({ ticker }) => ticker);
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
