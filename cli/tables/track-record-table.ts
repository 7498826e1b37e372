import type { TrackRecordAnswer } from '../../serving/track-record-answer.ts';
import type { Colors } from '../output.ts';
import { type Column, plainTable } from './plain-table.ts';

const right = (heading: string): Column => ({ heading, align: 'right' });

const COLUMNS: readonly Column[] = [
  { heading: 'ticker' },
  right('horizon'),
  { heading: 'model' },
  right('live'),
  right('RMSE'),
  right('to naive'),
  right('p better'),
  right('p worse'),
  right('in 80%'),
  right('in 95%'),
  right('direction'),
  right('always up'),
  right('not live'),
  { heading: '' },
];

type Line = TrackRecordAnswer['records'][number];

/** Every model's live record; errors in log returns over the horizon, what serves in green, what is behind naive in red. */
export function trackRecordTable(answers: readonly TrackRecordAnswer[], colors: Colors): string {
  const lines = answers.flatMap(({ ticker, records }) => records.map((record) => ({ ticker, ...record })));
  if (lines.length === 0) return 'No forecast has been scored yet: npx stockcast score';
  const rows = lines.map((line, i) => {
    const { ticker, horizon, model, serves, live, backfilled, behind_naive: behind } = line;
    return [
      ticker === lines[i - 1]?.ticker ? '' : colors.bold(ticker),
      String(horizon),
      serves ? colors.green(model) : model,
      String(live?.n ?? 0),
      ...(live === null ? Array.from({ length: 8 }, () => '') : figures(live)),
      backfilled === null ? '' : String(backfilled.n),
      behind === null ? (serves ? 'serves' : '') : colors.red('behind naive'),
    ];
  });
  const reasons = lines.flatMap(({ ticker, horizon, model, behind_naive: behind }) =>
    behind === null ? [] : [`${ticker}, ${horizon}: ${model} is flagged: ${behind.reason}`],
  );
  return [plainTable(COLUMNS, rows, colors), ...(reasons.length === 0 ? [] : ['', ...reasons])].join('\n');
}

function figures(live: NonNullable<Line['live']>): string[] {
  const covered = (level: number) => live.intervals.find((each) => each.level === level)?.coverage;
  return [
    live.rmse.toFixed(5),
    live.rmse_ratio_to_naive.toFixed(4),
    live.diebold_mariano_p.toFixed(3),
    live.diebold_mariano_p_worse.toFixed(3),
    percent(covered(0.8)),
    percent(covered(0.95)),
    percent(live.directional_accuracy),
    percent(live.always_up_accuracy),
  ];
}

function percent(fraction: number | undefined): string {
  return fraction === undefined ? '' : `${(fraction * 100).toFixed(1)}%`;
}
