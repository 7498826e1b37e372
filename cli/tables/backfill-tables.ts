import type { BackfillView, FailedAnswer } from '../../serving/backfills/backfill-view.ts';
import type { BackfillPreview } from '../../serving/backfills/preview.ts';
import type { Colors } from '../output.ts';
import { countsInWords, standOf } from '../progress/backfill-lines.ts';
import { seconds } from '../progress/seconds.ts';
import { count } from './count.ts';
import { plainTable } from './plain-table.ts';

/** Partitions that are listed one by one; of more, a line per ticker. */
const LISTED = 40;

const STATUS = {
  to_make: 'to make',
  standing: 'there already',
  unavailable: 'too little history then',
} as const;

/** What a backfill would do. */
export function previewText(preview: BackfillPreview, colors: Colors): string {
  const { tickers, from, to, every, counts, partitions, estimate } = preview;
  const sum = `${count(partitions.length, 'partition')}: ${count(tickers.length, 'ticker')}, every ${count(every, 'session')} from ${from} to ${to}`;
  const took = estimate.seconds === null ? 'unknown' : `about ${seconds(estimate.seconds * 1000)}`;
  return [
    partitions.length <= LISTED ? partitionTable(preview, colors) : tickerTable(preview, colors),
    '',
    sum,
    `  ${[`${counts.to_make} to make`, ...countsInWords({ made: 0, failed: 0, ...counts })].join(', ')}`,
    `  time: ${took} (${estimate.basis})`,
    'Nothing was started: leave out --dry-run.',
  ].join('\n');
}

function partitionTable({ partitions }: BackfillPreview, colors: Colors): string {
  const columns = ['ticker', 'as of', 'status', 'run'].map((heading) => ({ heading }));
  const rows = partitions.map(({ ticker, as_of, status, run_id: id }) => [ticker, as_of, STATUS[status], id ?? '']);
  return plainTable(columns, rows, colors);
}

function tickerTable({ tickers, partitions }: BackfillPreview, colors: Colors): string {
  const statuses = ['to_make', 'standing', 'unavailable'] as const;
  const columns = [
    { heading: 'ticker' },
    { heading: 'first' },
    { heading: 'last' },
    ...statuses.map((status) => ({ heading: STATUS[status], align: 'right' as const })),
  ];
  const rows = tickers.map((ticker) => {
    const own = partitions.filter((partition) => partition.ticker === ticker);
    const counts = statuses.map((status) => String(own.filter((partition) => partition.status === status).length));
    return [ticker, own[0]?.as_of ?? '', own.at(-1)?.as_of ?? '', ...counts];
  });
  return plainTable(columns, rows, colors);
}

/** One backfill in words: how far it is, or how it ended. */
export function backfillDetails(view: BackfillView, colors: Colors): string {
  const { run_id: id, status, started_at: startedAt, closed_at: closedAt, ui, failure, progress } = view;
  const took = closedAt === null ? [] : [`  took      ${seconds(Date.parse(closedAt) - Date.parse(startedAt))}`];
  return [
    `${colors.bold(id)}  ${status}`,
    `  started   ${startedAt}`,
    ...took,
    ...(ui === null ? [] : [`  web page  ${ui}`]),
    ...(failure === undefined ? [] : [`  failure   ${failure.code}: ${failure.message}`]),
    ...(progress === undefined ? ['  no worker answers, so how far it is cannot be told'] : progressText(view, colors)),
  ].join('\n');
}

function progressText({ run_id: id, status, progress }: BackfillView, colors: Colors): string[] {
  if (progress === undefined || progress.stage === 'planning') {
    return [status === 'running' ? '  planning' : '  it ended before it was planned'];
  }
  const { running, newest_failures: failures, failures_by_code: codes, counts } = progress;
  const byCode = Object.entries(codes).map(([code, count]) => `${code} ${count}`);
  const underWay = status === 'running' ? running : [];
  return [
    `  ${standOf(status, progress)}`,
    ...underWay.map(({ ticker, as_of, run_id: child }) => `  ${ticker} as of ${as_of}  ${child ?? ''}`),
    ...(byCode.length === 0 ? [] : [`  failures  ${byCode.join(', ')}`]),
    ...failures.map(({ ticker, as_of, code, message }) =>
      colors.red(`  ✗ ${ticker} as of ${as_of}: ${code}: ${message}`),
    ),
    ...(counts.failed > 0 && status !== 'running' ? [`  retry:  npx stockcast backfill retry --failed ${id}`] : []),
  ];
}

/** All partitions that failed. */
export function failedTable({ partitions }: FailedAnswer, colors: Colors): string {
  if (partitions.length === 0) return 'None failed.';
  const rows = partitions.map(({ ticker, as_of }) => [ticker, as_of]);
  return plainTable([{ heading: 'ticker' }, { heading: 'as of' }], rows, colors);
}
