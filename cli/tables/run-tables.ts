import { BACKFILL } from '../../domain/backfill.ts';
import { MONITOR_DRIFT } from '../../domain/drift.ts';
import { PARKED } from '../../domain/parking.ts';
import { AWAITING_APPROVAL, SEARCH_PARAMETERS, TRAIN_POOL, TRAIN_TICKER, TRAIN_UNIVERSE } from '../../domain/run.ts';
import { SCORE_FORECASTS } from '../../domain/scoring.ts';
import type { RunView, StartedRun, TickerState } from '../../serving/run-view.ts';
import type { RunSummary } from '../../serving/runs.ts';
import type { Colors } from '../output.ts';
import { seconds } from '../progress/seconds.ts';
import { howToAnswer } from './approval-tables.ts';
import { count } from './count.ts';
import { howToMend, parkedLine } from './parked-tables.ts';
import { plainTable } from './plain-table.ts';

/** Stages at which a running run waits for a person; the last one is of a backfill. */
const WAITING = [PARKED, AWAITING_APPROVAL, 'paused'];
/** Workflows that answer how far they are while they run. */
const ANSWERING = [TRAIN_TICKER, TRAIN_UNIVERSE, TRAIN_POOL, SEARCH_PARAMETERS, SCORE_FORECASTS, MONITOR_DRIFT];

/** Which run it is, and whether it was there already. */
export function startedLine({ run_id: runId, joined, status, ui }: StartedRun): string {
  const how = !joined
    ? 'started'
    : status === 'running'
      ? 'joined, since it was under way'
      : 'nothing has changed since';
  return `run ${runId}: ${how}${ui === null ? '' : `\n    ${ui}`}`;
}

/** The list of runs, newest first. */
export function runList(runs: readonly RunSummary[], colors: Colors): string {
  if (runs.length === 0) return 'There are no runs yet: npx stockcast train';
  const columns = [
    { heading: 'run' },
    { heading: 'status' },
    { heading: 'started' },
    { heading: 'took', align: 'right' as const },
  ];
  const rows = runs.map((run) => [
    run.run_id,
    listedStatus(run, colors),
    instant(run.started_at),
    run.closed_at === null ? '' : duration(run.started_at, run.closed_at),
  ]);
  return plainTable(columns, rows, colors);
}

/** One run in words: how far each ticker is, or how it ended. */
export function runDetails(run: RunView, colors: Colors): string {
  const lines = [
    `${colors.bold(run.run_id)}  ${statusText(run.status, colors)}`,
    `  started   ${instant(run.started_at)}`,
    ...(run.closed_at === null
      ? []
      : [`  ended     ${instant(run.closed_at)}, after ${duration(run.started_at, run.closed_at)}`]),
    ...(run.ui === null ? [] : [`  web page  ${run.ui}`]),
    ...(run.failure === undefined ? [] : [`  failure   ${run.failure.code}: ${run.failure.message}`]),
    ...progressText(run, colors),
    ...(run.retrying ?? []).map(
      ({ activity, attempt, last_failure }) => `  ${activity} is tried again (attempt ${attempt}): ${last_failure}`,
    ),
    ...resultLines(run),
  ];
  return lines.join('\n');
}

function progressText({ run_id: id, workflow, status, progress }: RunView, colors: Colors): string[] {
  if (progress !== undefined) {
    return progress.flatMap((state) => [`  ${state.ticker}  ${stateText(state)}`, ...awaited(state, colors)]);
  }
  if (status !== 'running') return [];
  if (workflow === BACKFILL) return [`  how far it is:  npx stockcast backfill status ${id}`];
  return ANSWERING.includes(workflow) ? ['  no worker answers, so how far it is cannot be told'] : [];
}

function awaited(state: TickerState, colors: Colors): string[] {
  const { ticker, run_id: id = '', awaiting_approval: awaiting = [], parked } = state;
  const mends = parked === undefined ? [] : howToMend(id, parked).map((line) => `    ${line}`);
  const parks = parked === undefined ? [] : [colors.yellow(`  ${ticker}  ${parkedLine(parked)}`), ...mends];
  const verdicts = awaiting.flatMap(({ horizon, model }) => [
    colors.yellow(
      `  ${ticker}  waits for a verdict on ${model}, ${horizon === 1 ? '1 session' : `${horizon} sessions`}:`,
    ),
    `    ${howToAnswer('approve', id, horizon)}`,
    `    ${howToAnswer('reject', id, horizon)}`,
  ]);
  return [...parks, ...verdicts];
}

function resultLines({ result }: RunView): string[] {
  if (result === undefined) return [];
  if ('reason' in result) return [`  skipped: ${result.reason}`];
  if ('rows' in result) {
    const { session, source, tickers, rows, behind, failures } = result;
    return [
      `  as of ${session}: ${count(rows, 'row')} of ${count(tickers, 'ticker')} from ${source}, ${behind} of them not there yet`,
      ...failures.map(({ ticker, code, message }) => `  ${ticker}  failed: ${code}: ${message}`),
    ];
  }
  if ('joined' in result) {
    const { session, runId, joined, failed } = result;
    return [
      `  as of ${session}: ${joined ? 'joined' : 'trained by'} npx stockcast runs show ${runId}`,
      ...failed.map(({ ticker, code }) => `  ${ticker}  failed${code === undefined ? '' : `: ${code}`}`),
    ];
  }
  if ('outcomes' in result) {
    const outcomes = [...result.outcomes].sort((a, b) => (a.ticker < b.ticker ? -1 : 1));
    return [
      ...outcomes.map(({ ticker, status, code, message }) =>
        status === 'failed' ? `  ${ticker}  failed: ${code}: ${message}` : `  ${ticker}  completed`,
      ),
      ...(result.notes ?? []).map((note) => `  note: ${note}`),
    ];
  }
  if ('retraining' in result) {
    const { asOf, checked, untold, nAlarming, alarming, retraining } = result;
    return [
      `  as of ${asOf}: ${count(checked, 'model')} looked at, ${nAlarming} with an alarm, ${untold} of which nothing can be said yet`,
      ...alarming.map(
        ({ ticker, horizon, kind, alarms }) =>
          `  ${ticker}, horizon ${horizon}: ${kind} has drifted: ${alarms.join(', ')}`,
      ),
      ...retraining.runIds.map(
        (id) => `  trains ${retraining.tickers.join(', ')} again: npx stockcast runs show ${id}`,
      ),
      ...retraining.problems.map((problem) => `  problem: ${problem}`),
    ];
  }
  if ('scored' in result) {
    const { asOf, scored, live, judged, nBehind, nDemoted, behind, problems } = result;
    return [
      `  as of ${asOf}: ${scored} scored, ${live} of them made before their outcome was known`,
      `  ${judged} live records judged, ${nBehind} behind naive, ${nDemoted} demoted`,
      ...behind.map(
        ({ ticker, horizon, kind, n, rmseRatioToNaive, p }) =>
          `  ${ticker}, horizon ${horizon}: ${kind} is behind naive, RMSE ${rmseRatioToNaive.toFixed(4)} times naive's on ${n} forecasts, p ${p.toPrecision(2)}`,
      ),
      ...problems.map((problem) => `  problem: ${problem}`),
    ];
  }
  if ('experiments' in result) {
    return [
      `  as of ${result.asOf}: ${count(result.experiments.length, 'experiment')} judged`,
      ...result.experiments.flatMap(({ id, state, pairs, nextLook, reasons, problems }) => [
        `  ${id}  ${state}, ${count(pairs, 'pair')}${nextLook === undefined ? '' : `, looked at next at ${nextLook}`}`,
        ...reasons.map((reason) => `    ${reason}`),
        ...problems.map((problem) => `    problem: ${problem}`),
      ]),
    ];
  }
  return [
    `  ${result.ticker}  as of ${result.asOf}`,
    ...result.promotions.map(
      ({ horizon, kind, movedLive }) =>
        `  horizon ${horizon}: ${kind}${movedLive ? ' was put into service' : ' was chosen'}`,
    ),
    ...result.notes.map((note) => `  note: ${note}`),
  ];
}

function stateText({ status, stages, failure }: TickerState): string {
  if (failure !== undefined) return `${status}: ${failure.code}: ${failure.message}`;
  if (stages === undefined) return status;
  return stages
    .map(({ stage, status, done, total }) => `${stage} ${total > 1 ? `${done}/${total}` : status}`)
    .join(', ');
}

function listedStatus({ status, stage }: RunSummary, colors: Colors): string {
  const waits = status === 'running' && stage !== null && WAITING.includes(stage);
  return waits ? colors.yellow(stage) : statusText(status, colors);
}

function statusText(status: RunView['status'], colors: Colors): string {
  if (status === 'completed') return colors.green(status);
  return status === 'running' ? colors.cyan(status) : colors.red(status);
}

/** A point in time as people read it, to the second. */
export function instant(text: string): string {
  return `${text.slice(0, 19).replace('T', ' ')} UTC`;
}

function duration(from: string, to: string): string {
  return seconds(Date.parse(to) - Date.parse(from));
}
