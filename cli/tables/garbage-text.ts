import type { GarbageReport, ObjectTotals } from '../../serving/garbage.ts';
import type { Colors } from '../output.ts';
import { plainTable } from './plain-table.ts';

const SHOWN_KEYS = 5;

/** What is garbage, or was, and why the rest stays. */
export function garbageText(report: GarbageReport, colors: Colors): string {
  const { garbage, kept, removed, older_than_days: days } = report;
  const stays = [
    `${inWords(kept.referenced)} stay: models, the ledger, certificates or forecasts point to them`,
    ...(kept.young.objects === 0 ? [] : [`${inWords(kept.young)} stay: written within ${days} days`]),
    ...(kept.unknown.objects === 0 ? [] : [`${inWords(kept.unknown)} stay: of a kind that this version does not know`]),
  ];
  if (garbage.objects === 0) return [`Nothing to remove that is older than ${days} days.`, ...stays].join('\n');
  const columns = [
    { heading: 'kind' },
    { heading: 'objects', align: 'right' as const },
    { heading: 'size', align: 'right' as const },
    { heading: 'oldest' },
  ];
  const rows = garbage.by_kind.map(({ kind, objects, bytes, oldest }) => [
    kind,
    String(objects),
    inBytes(bytes),
    oldest?.slice(0, 10) ?? '',
  ]);
  const more = garbage.objects - SHOWN_KEYS;
  return [
    `${inWords(garbage)} that no row points to ${removed ? 'were removed' : 'can be removed'}, written more than ${days} days ago:`,
    plainTable(columns, rows, colors),
    ...garbage.keys.slice(0, SHOWN_KEYS).map((key) => `  ${key}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...stays,
    ...(removed ? [] : ['Nothing was removed: gc --delete does it.']),
  ].join('\n');
}

function inWords({ objects, bytes }: ObjectTotals): string {
  return `${objects} ${objects === 1 ? 'object' : 'objects'} (${inBytes(bytes)})`;
}

/** A size as people read it: `12.3 MB`. */
export function inBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes / 1000, 0];
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${value.toFixed(1)} ${units[unit]}`;
}
