import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { CorporateEvent } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { type FileProblem, inWords as problemInWords } from '../market/csv/problems.ts';
import { readEvents } from '../market/csv/read-events.ts';
import { type OnBadRow, type StagedPrices, stageCsv } from '../market/csv/stage-csv.ts';
import { type SplitSuspect, asSplitEvents, inWords } from '../market/split-suspects.ts';
import type { MergeReport } from '../stores/bars/bar-store.ts';
import { fileSuspects } from './file-suspects.ts';
import type { RestatementAnswer } from './restatement-answer.ts';
import type { Services } from './services.ts';

/** A file of prices, with or without one of events, on its way in. */
export interface PriceFiles {
  readonly pricesPath: string;
  /** The file's name as its owner knows it, for messages and the record. */
  readonly pricesName: string;
  readonly eventsPath?: string;
  readonly eventsName?: string;
  readonly onBadRow: OnBadRow;
  /** Whether suspected splits are taken for splits. */
  readonly adjustSplits: boolean;
  readonly signal?: AbortSignal;
  /** Given the tickers of the checked file, before anything is stored; may throw to refuse it. */
  readonly accept?: (tickers: readonly string[]) => void;
}

/** What became of a file of prices. */
export interface TakeInReport {
  readonly file: string;
  /** SHA-256 of the files' content. */
  readonly ingest_id: string;
  readonly accepted_rows: number;
  readonly rejected_rows: number;
  /** What was wrong with the rejected rows: the first thousand problems, by line. */
  readonly rejected: readonly FileProblem[];
  readonly notices: readonly string[];
  readonly tickers: readonly {
    readonly ticker: string;
    readonly rows: number;
    readonly added: number;
    readonly first_session: string;
    readonly last_session: string;
  }[];
  readonly unchanged: number;
  /** Sessions whose known values the file changes: the first hundred. */
  readonly restated: MergeReport['restated'];
  readonly n_restated: number;
  readonly events_added: number;
  readonly events_restated: number;
  /** How known history was changed and what rests on it; null when it was not. */
  readonly restatement: RestatementAnswer | null;
  readonly suspected_splits: readonly (SplitSuspect & { readonly adjusted: boolean })[];
}

/**
 * Checks a file of prices and adds it to what is known, all or nothing: new sessions are appended, changed ones are kept
 * as restatements with the time they were learnt.
 * @throws StockcastError FILE_REFUSED, FILE_UNREADABLE; nothing is stored then
 */
export async function takeInPrices(services: Services, context: Context, files: PriceFiles): Promise<TakeInReport> {
  const { pricesPath, pricesName, eventsPath, adjustSplits, signal } = files;
  const { clock } = context;
  const abort = signal === undefined ? {} : { signal };
  const eventsName = files.eventsName ?? eventsPath ?? '';
  const given =
    eventsPath === undefined
      ? { events: [], notices: [] }
      : await readEvents(eventsPath, { fileName: eventsName, clock, ...abort });
  const staged = await stageCsv(pricesPath, { onBadRow: files.onBadRow, clock, fileName: pricesName, ...abort });
  try {
    files.accept?.(staged.tickers.map(({ ticker }) => ticker));
    const suspects = await fileSuspects(services, context, staged, given.events);
    const id = await hashOf([pricesPath, ...(eventsPath === undefined ? [] : [eventsPath])]);
    signal?.throwIfAborted();
    const found = { staged, events: given.events, notices: [...staged.notices, ...given.notices], suspects };
    return await mergeStaged(services, context, found, { id, source: pricesName, adjustSplits });
  } finally {
    await staged.close();
  }
}

/** Checked prices of a file or of a source, with what was found with them. */
interface FoundPrices {
  readonly staged: StagedPrices;
  readonly events: readonly CorporateEvent[];
  readonly notices: readonly string[];
  readonly suspects: readonly SplitSuspect[];
}

/** Adds checked prices to what is known, in one transaction, and reports what became of them. */
export async function mergeStaged(
  services: Pick<Services, 'bars' | 'alarm'>,
  context: Context,
  { staged, events: given, suspects, ...found }: FoundPrices,
  { id, source, adjustSplits }: { readonly id: string; readonly source: string; readonly adjustSplits: boolean },
): Promise<TakeInReport> {
  const notices = [
    ...found.notices,
    ...suspects.map(({ ticker, date, ratio, reason }) => {
      const handling = adjustSplits
        ? 'taken for a split, as asked'
        : 'not adjusted: give it in an events file, or ask to adjust suspected splits';
      return `${ticker} ${date} looks like a ${inWords(ratio)} split: ${reason}; ${handling}`;
    }),
  ];
  const events = adjustSplits ? [...given, ...asSplitEvents(suspects)] : given;
  const merged = await services.bars.merge(
    context,
    {
      id,
      source,
      acceptedRows: staged.acceptedRows,
      rejectedRows: staged.nRejected,
      report: [...staged.rejected.map(problemInWords), ...notices],
    },
    staged.batches(),
    events,
  );
  const { restatement } = merged;
  return {
    file: source,
    ingest_id: id,
    accepted_rows: staged.acceptedRows,
    rejected_rows: staged.nRejected,
    rejected: staged.rejected,
    notices,
    tickers: staged.tickers.map(({ ticker, rows, firstSession, lastSession }) => ({
      ticker,
      rows,
      added: merged.added[ticker] ?? 0,
      first_session: firstSession,
      last_session: lastSession,
    })),
    unchanged: merged.unchanged,
    restated: merged.restated,
    n_restated: merged.nRestated,
    events_added: merged.eventsAdded,
    events_restated: merged.eventsRestated,
    restatement: restatement === undefined ? null : await services.alarm.raise(context, restatement),
    suspected_splits: suspects.map((suspect) => ({ ...suspect, adjusted: adjustSplits })),
  };
}

async function hashOf(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
