import type { ApprovalsAnswer, VerdictAnswer } from '../../serving/approvals.ts';
import type { Colors } from '../output.ts';

/** The decisions that wait, each with its reasons and how to answer it. */
export function approvalList({ approvals, unanswered }: ApprovalsAnswer, colors: Colors): string {
  const waiting = approvals.flatMap(({ run_id: id, ticker, horizon, model, serving, otherwise, reasons, ...rest }) => [
    `${colors.bold(`${ticker}, ${sessions(horizon)}: ${model}`)} is to serve${instead(serving?.model)}`,
    `  certificate  npx stockcast certificate --id ${rest.certificate_id}`,
    ...reasons.map((reason) => `  - ${reason}`),
    `  approve  ${howToAnswer('approve', id, horizon)}`,
    `  reject   ${howToAnswer('reject', id, horizon)}  (${otherwise.model} serves then)`,
  ]);
  return [
    ...(approvals.length === 0 && unanswered.length === 0 ? ['Nothing waits for a verdict.'] : waiting),
    ...unanswered.map((id) => `${id} waits, but no worker answers that could say for what`),
  ].join('\n');
}

/** That a verdict was taken. */
export function verdictLine({ run_id: id, horizon, approved, by }: VerdictAnswer): string {
  return `${id}, ${sessions(horizon)}: ${approved ? 'approved' : 'rejected'} by ${by}`;
}

/** The command that answers a waiting run. */
export function howToAnswer(how: 'approve' | 'reject', runId: string, horizon: number): string {
  return `npx stockcast runs ${how} ${runId} --horizon ${horizon} --by NAME --reason TEXT`;
}

function instead(serving: string | undefined): string {
  return serving === undefined ? ', where nothing serves yet' : ` in place of ${serving}`;
}

function sessions(n: number): string {
  return n === 1 ? '1 session' : `${n} sessions`;
}
