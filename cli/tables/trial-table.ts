import type { TrialsAnswer } from '../../serving/trials-answer.ts';
import type { Colors } from '../output.ts';
import { type Column, plainTable } from './plain-table.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'horizon', align: 'right' },
  { heading: 'model' },
  { heading: 'trial', align: 'right' },
  { heading: 'loss', align: 'right' },
  { heading: 'status' },
  { heading: 'parameters' },
];

/**
 * Every trial of a ticker's newest searches, the best of each in green with a star, then what the losses are. Of the
 * parameters those are shown that were searched.
 */
export function trialTable({ ticker, searches }: TrialsAnswer, colors: Colors): string {
  if (searches.length === 0) {
    return `No parameters were searched for ${ticker} yet: npx stockcast train ${ticker} --trials 8`;
  }
  const rows = searches.flatMap(({ horizon, model, searched, best, trials }) =>
    trials.map(({ trial, loss, status, problem, parameters }, i) => {
      const isBest = trial === best;
      const cells = [
        `${trial}${isBest ? ' *' : '  '}`,
        loss === null ? '' : loss.toFixed(5),
        problem === null ? status : `${status}: ${problem}`,
        searched.map((name) => `${name} ${JSON.stringify(parameters[name])}`).join(', '),
      ];
      const shown = isBest ? cells.map((cell) => colors.green(cell)) : cells;
      return [i === 0 ? String(horizon) : '', i === 0 ? colors.bold(model) : '', ...shown];
    }),
  );
  const legend = [
    "* lowest loss: RMSE over naive's, in volatilities, walk-forward on sessions up to",
    `${[...new Set(searches.map(({ until }) => until))].sort().join(' and ')}; trial 0 has the defaults.`,
  ].join(' ');
  return [plainTable(COLUMNS, rows, colors), '', legend].join('\n');
}
