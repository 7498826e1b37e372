import type { LeaderboardEntry } from '../../serving/leaderboard.ts';
import type { PredictionAnswer } from '../../serving/prediction-answer.ts';
import type { Colors } from '../output.ts';
import type { RunningStack } from '../parts.ts';
import { forecastTable } from './forecast-table.ts';
import { leaderboardTable } from './leaderboard-table.ts';

/** What `up` has to show when the pipeline has run. */
export interface Ready {
  readonly entries: readonly LeaderboardEntry[];
  readonly answers: readonly PredictionAnswer[];
  readonly addresses: RunningStack['addresses'];
  /** How long it took, in words. */
  readonly took: string;
}

/** The leaderboard, the forecasts, and where to go on from here. */
export function readyText({ entries, answers, addresses, took }: Ready, colors: Colors): string {
  const { api, temporalUi } = addresses;
  const [first] = answers;
  const example = first === undefined ? '/tickers' : `/predict/${encodeURIComponent(first.ticker)}?horizon=${first.horizon}`;
  return [
    '',
    leaderboardTable(entries, colors),
    '',
    answers.length === 0 ? 'Nothing is promoted yet, so there are no forecasts.' : forecastTable(answers, colors),
    '',
    `API            ${colors.cyan(api)}`,
    `documentation  ${colors.cyan(`${api}/docs`)}`,
    ...(temporalUi === undefined ? [] : [`Temporal UI    ${colors.cyan(temporalUi)}`]),
    `try            curl '${api}${example}'`,
    '',
    colors.bold(`ready in ${took}`),
  ].join('\n');
}
