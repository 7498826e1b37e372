import type { DatasetDiffAnswer, Some } from '../../serving/dataset-diff.ts';
import type { DatasetsAnswer } from '../../serving/datasets.ts';
import type { Colors } from '../output.ts';
import { type Column, plainTable } from './plain-table.ts';

const right = (heading: string): Column => ({ heading, align: 'right' });

/** The datasets of a ticker, newest first. */
export function datasetTable({ ticker, datasets }: DatasetsAnswer, colors: Colors): string {
  if (datasets.length === 0) return `No dataset was taken of ${ticker} yet: npx stockcast train ${ticker}`;
  const columns = [
    { heading: 'dataset' },
    { heading: 'taken' },
    { heading: 'first session' },
    { heading: 'last session' },
    right('sessions'),
    right('events'),
  ];
  const rows = datasets.map(({ dataset_id: id, taken_at: taken, holds }) => [
    id,
    `${taken.slice(0, 19).replace('T', ' ')} UTC`,
    ...(holds === null
      ? ['not held any more', '', '', '']
      : [holds.first_session, holds.last_session, String(holds.sessions), String(holds.events)]),
  ]);
  return plainTable(columns, rows, colors);
}

/** What changed from one dataset to another, one value a line. */
export function datasetDiffText(diff: DatasetDiffAnswer, colors: Colors): string {
  const { ticker, from, to, sessions, events, sector } = diff;
  const { added, removed, changed, unchanged } = sessions;
  const title = `${colors.bold(ticker)}  ${from}\n   to  ${to}`;
  if (diff.identical) return `${title}\nthe same dataset`;
  const rows = [
    ...changed.first.flatMap(({ date, values }) =>
      values.map(({ column, from: old, to: now, relative }, i) => [
        i === 0 ? date : '',
        column,
        String(old),
        String(now),
        relative === null ? '' : signedPercent(relative),
      ]),
    ),
    ...events.first.map(({ date, kind, from: old, to: now }) => [
      date,
      kind,
      old === null ? '-' : String(old),
      now === null ? '-' : String(now),
      old === null ? 'added' : now === null ? 'removed' : signedPercent(now / old - 1),
    ]),
  ];
  const columns = [{ heading: 'date' }, { heading: '' }, right('from'), right('to'), right('change')];
  return [
    title,
    `${unchanged} ${unchanged === 1 ? 'session' : 'sessions'} unchanged, ${added.n} added${span(added)}, ${removed.n} removed${span(removed)}, ` +
      `${changed.n} changed, ${events.n} ${events.n === 1 ? 'event' : 'events'} changed`,
    ...(sector === null ? [] : [`sector ${sector.from} to ${sector.to}`]),
    ...(rows.length === 0 ? [] : ['', plainTable(columns, rows, colors)]),
    ...more('changed sessions', changed),
    ...more('changed events', events),
  ].join('\n');
}

function span({ n, first }: Some<string>): string {
  if (n === 0) return '';
  const shown = first.slice(0, 3).join(', ');
  return ` (${shown}${n > 3 ? ', …' : ''})`;
}

function more(what: string, { n, first }: Some<unknown>): string[] {
  return n > first.length ? [`${n - first.length} more ${what}: --limit ${n} shows all`] : [];
}

function signedPercent(fraction: number): string {
  return `${fraction > 0 ? '+' : ''}${(fraction * 100).toFixed(3)}%`;
}
