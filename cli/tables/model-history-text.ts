import type { LedgerEntryAnswer, ModelHistoryAnswer } from '../../serving/model-history.ts';
import type { RollbackAnswer } from '../../serving/rollback.ts';
import type { Colors } from '../output.ts';

/** The ledger of a ticker, newest first, each entry with why, by what and for whom. */
export function modelHistoryText({ ticker, on, entries, as_of: asOf }: ModelHistoryAnswer, colors: Colors): string {
  if (on === null) {
    if (entries.length === 0) return `Nothing was ever promoted for ${ticker}: npx stockcast train ${ticker}`;
    return entries.flatMap((entry) => entryLines(entry, colors)).join('\n');
  }
  const served = entries.length === 0 ? ['nothing'] : entries.flatMap((entry) => entryLines(entry, colors));
  const known = asOf.length === 0 ? ['nothing'] : asOf.flatMap((entry) => entryLines(entry, colors));
  return [
    colors.bold(`Served ${ticker} on ${on}`),
    ...served.map(indented),
    '',
    colors.bold(`In production as of ${on}, runs as of a date included`),
    ...known.map(indented),
  ].join('\n');
}

/** What serves after a rollback. */
export function rollbackText({ ticker, horizon, moved, ...entry }: RollbackAnswer): string {
  const what = `${ticker}, ${sessions(horizon)}: ${entry.model} ${entry.model_id}`;
  if (moved) return `${what} serves again, in place of ${entry.from_model_id}`;
  return [
    `${what} serves since ${instant(entry.at)} already: nothing was changed`,
    ...entry.reasons.slice(0, 1).map((reason) => `  ${reason}`),
    '  --to MODEL goes further back: npx stockcast models history shows what there was',
  ].join('\n');
}

function entryLines(entry: LedgerEntryAnswer, colors: Colors): string[] {
  const {
    promotion_id: promotion,
    horizon,
    model,
    model_id: id,
    as_of: asOf,
    served,
    certificate_id: certificate,
    reasons,
  } = entry;
  return [
    `${colors.bold(`${sessions(horizon)}: ${model}`)} ${id}`,
    `  ${statusOf(entry, colors)}`,
    `  as of        ${asOf}, ${entry.live ? 'live' : 'a run as of that date, which never serves'}`,
    ...(served === null ? [`  entered      ${instant(entry.at)}`] : []),
    `  certificate  ${certificate ?? 'none'}`,
    `  entry        ${promotion}`,
    `  for          ${entry.principal}`,
    `  by           ${entry.run_id ?? (entry.rollback ? 'a rollback' : 'an experiment')}`,
    ...reasons.map((reason) => `  - ${reason}`),
  ];
}

function statusOf({ served, live, from_model_id: from }: LedgerEntryAnswer, colors: Colors): string {
  if (served === null) return live ? 'served already or came too late: nothing moved' : 'served nobody';
  const since = `since ${instant(served.since)}${from === null ? '' : `, in place of ${from}`}`;
  if (served.until === null) return colors.green(`serves ${since}`);
  return `served ${since}, until ${instant(served.until)}`;
}

function instant(text: string): string {
  return `${text.slice(0, 19).replace('T', ' ')} UTC`;
}

function sessions(n: number): string {
  return n === 1 ? '1 session' : `${n} sessions`;
}

function indented(line: string): string {
  return `  ${line}`;
}
