import type { Bar, SessionDate } from '../../domain/bar.ts';
import { seriesOf } from '../../domain/dataset.ts';
import { BarReader } from '../csv/bar-cells.ts';
import { FileProblems } from '../csv/problems.ts';
import type { StagedPrices } from '../csv/stage-csv.ts';
import type { FetchedHistory } from './price-source.ts';

/** Whose history it is, and until when it counts. */
export interface HistoryOptions {
  readonly ticker: string;
  readonly sector: string;
  /** The source's name, for messages. */
  readonly source: string;
  readonly now: Date;
  /** The newest session that has closed; rows of later ones are no bars yet and are left out. */
  readonly to: SessionDate;
}

/**
 * Checks what a source told by the rules that rows of a file are checked by. Problems name the row of the answer, its
 * session, the value and the reason; whether they refuse the whole is for the caller to say.
 */
export function stageHistory(history: FetchedHistory, options: HistoryOptions): StagedPrices {
  const { ticker, sector, source, now, to } = options;
  const problems = new FileProblems(source);
  const reader = new BarReader(now);
  const bars: Bar[] = [];
  let nRejected = 0;
  for (const [i, row] of history.bars.entries()) {
    if (row.date > to) continue;
    const numbers = [row.close, row.open, row.low, row.high, row.volume].map(String);
    const bar = reader.read([ticker, sector, row.date, ...numbers], (column, value, reason) =>
      problems.add(i + 1, `${column} of ${row.date}`, value, reason),
    );
    const before = bars.at(-1);
    if (bar !== undefined && before !== undefined && before.date >= bar.date) {
      problems.add(i + 1, 'date', bar.date, `stands behind ${before.date}; sessions must ascend, each once`);
      nRejected++;
    } else if (bar === undefined) nRejected++;
    else bars.push(bar);
  }
  const span = { firstSession: bars[0]?.date ?? '', lastSession: bars.at(-1)?.date ?? '' };
  return {
    acceptedRows: bars.length,
    nRejected,
    rejected: problems.kept,
    notices: history.notices,
    tickers: bars.length === 0 ? [] : [{ ticker, rows: bars.length, ...span }],
    batches: async function* () {
      yield bars;
    },
    series: () => Promise.resolve(seriesOf(bars)),
    // A ticker comes alone: what the others did that night is not known.
    medianOvernightReturn: () => Promise.resolve(undefined),
    close: () => Promise.resolve(),
  };
}
