import { leaderboardAnswer } from '../../serving/leaderboard-answer.ts';
import type { Colors } from '../output.ts';
import type { RunningStack } from '../parts.ts';
import type { PipelineOutcome } from '../pipeline.ts';
import { failuresOf } from '../progress/run-outcome.ts';
import { forecastTable } from './forecast-table.ts';
import { leaderboardTable } from './leaderboard-table.ts';

type Addresses = RunningStack['addresses'];

/** The leaderboard, the forecasts, and where to go on from here; `took` is how long it took, in words. */
export function readyText(outcome: PipelineOutcome, addresses: Addresses, took: string, colors: Colors): string {
  const { entries, answers } = outcome;
  const { api, documentation, temporal_ui: ui } = shownAddresses(addresses);
  const [first] = answers;
  const example =
    first === undefined ? '/tickers' : `/predict/${encodeURIComponent(first.ticker)}?horizon=${first.horizon}`;
  return [
    '',
    leaderboardTable(entries, colors),
    '',
    answers.length === 0 ? 'Nothing is promoted yet, so there are no forecasts.' : forecastTable(answers, colors),
    '',
    `API            ${colors.cyan(api)}`,
    `documentation  ${colors.cyan(documentation)}`,
    ...(ui === undefined ? [] : [`Temporal UI    ${colors.cyan(ui)}`]),
    `try            curl '${api}${example}'`,
    '',
    colors.bold(`ready in ${took}`),
  ].join('\n');
}

/** The same for machines, with the seconds of each phase. */
export function readyRecord(
  { run, entries, answers }: PipelineOutcome,
  addresses: Addresses,
  seconds: Readonly<Record<string, number>>,
) {
  return {
    run_id: run.run_id,
    status: run.status,
    failures: failuresOf(run),
    ...leaderboardAnswer(entries),
    predictions: answers,
    addresses: shownAddresses(addresses),
    seconds,
  };
}

// Named one by one: the stack's own record of addresses holds the database's password.
function shownAddresses({ api, temporalUi }: Addresses) {
  return { api, documentation: `${api}/docs`, ...(temporalUi === undefined ? {} : { temporal_ui: temporalUi }) };
}
