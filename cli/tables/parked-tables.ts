import type { MendedAnswer, ParkedRunsAnswer } from '../../serving/parked-runs.ts';
import type { ParkedState } from '../../serving/parked-state.ts';
import type { Colors } from '../output.ts';
import { takeInSummary } from './take-in-summary.ts';

/** The parked runs, each with why and what helps. */
export function parkedList({ parked, unanswered }: ParkedRunsAnswer, colors: Colors): string {
  const runs = parked.flatMap((run) => [
    `${colors.bold(run.run_id)}  ${parkedLine(run)}`,
    ...howToMend(run.run_id, run).map((line) => `  ${line}`),
  ]);
  return [
    ...(parked.length === 0 && unanswered.length === 0 ? ['No run is parked.'] : runs),
    ...unanswered.map((id) => `${id} is parked, but no worker answers that could say why`),
  ].join('\n');
}

/** Why something is parked, and until when. */
export function parkedLine({ message, gives_up_at: givesUpAt }: ParkedState): string {
  return `parked until ${givesUpAt.slice(0, 16).replace('T', ' ')} UTC: ${message}`;
}

/** The commands that let a parked run go on. */
export function howToMend(runId: string, { acceptable, stage }: Pick<ParkedState, 'acceptable' | 'stage'>): string[] {
  const asIs = stage === 'promote' ? 'naive serves then' : 'as it is';
  return [
    `correct  npx stockcast runs correct ${runId} --csv FILE  (of a run as of a past day: with --as-known-now)`,
    ...(acceptable ? [`accept   npx stockcast runs accept ${runId} --reason TEXT  (${asIs})`] : []),
  ];
}

const next = { corrected: 'it starts over, and parks again if this did not help', accepted: 'it goes on' } as const;

/** What was mended, and what became of the file. */
export function mendedText({ how, by, runs, taken }: MendedAnswer): string {
  return [
    ...(taken === null ? [] : [takeInSummary(taken)]),
    ...runs.map(({ run_id: id }) => `${id}: ${how} by ${by}; ${next[how]}: npx stockcast runs show ${id}`),
  ].join('\n');
}
