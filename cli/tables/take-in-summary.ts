import type { TakeInReport } from '../../serving/take-in-prices.ts';
import { restatementLines } from './restatement-tables.ts';

const SHOWN = 20;

/** What became of a file of prices, in a few lines. */
export function takeInSummary(report: TakeInReport): string {
  const { tickers, unchanged, n_restated: restated, events_added: eventsAdded } = report;
  const added = tickers.reduce((sum, ticker) => sum + ticker.added, 0);
  const counts = [
    `${added} new`,
    `${unchanged} known already`,
    ...(restated > 0 ? [`${restated} restated`] : []),
    ...(report.rejected_rows > 0 ? [`${report.rejected_rows} rejected`] : []),
    ...(eventsAdded > 0 ? [`${eventsAdded} new events`] : []),
    ...(report.events_restated > 0 ? [`${report.events_restated} events restated`] : []),
  ];
  const names = tickers.map(({ ticker }) => ticker);
  return [
    `${report.file}: ${plural(report.accepted_rows, 'session')} of ${listed(names)}: ${counts.join(', ')}`,
    ...shortened(
      report.rejected.map(
        ({ line, column, value, reason }) =>
          `  rejected: line ${line}, ${column}${value === '' ? '' : ` "${value}"`}: ${reason}`,
      ),
    ),
    ...shortened(report.notices.map((notice) => `  notice: ${notice}`)),
    ...(report.restatement === null ? [] : restatementLines(report.restatement)),
    ...(restated > 0 ? [`  restated: ${listed(report.restated.map(({ ticker, date }) => `${ticker} ${date}`))}`] : []),
  ].join('\n');
}

function shortened(lines: readonly string[]): string[] {
  return lines.length <= SHOWN ? [...lines] : [...lines.slice(0, SHOWN), `  and ${lines.length - SHOWN} more`];
}

function listed(names: readonly string[]): string {
  return names.length <= SHOWN
    ? names.join(', ')
    : `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`;
}

function plural(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
