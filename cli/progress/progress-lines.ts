import { MONITOR_DRIFT } from '../../domain/drift.ts';
import { JUDGE_EXPERIMENTS } from '../../domain/experiment.ts';
import { SCORE_FORECASTS } from '../../domain/scoring.ts';
import type { RunView, TickerState } from '../../serving/run-view.ts';
import type { Colors } from '../output.ts';
import { howToMend, parkedLine } from '../tables/parked-tables.ts';
import { seconds } from './seconds.ts';

const BAR_CELLS = 10;
// So many tickers fit on a screen; of larger universes those under way are shown.
const MOST_ROWS = 12;

/** What a run does; any other trains. */
const DOING: Readonly<Record<string, string>> = {
  [SCORE_FORECASTS]: 'scoring',
  [MONITOR_DRIFT]: 'looking for drift',
  [JUDGE_EXPERIMENTS]: 'judging',
};

/** A running run as a block of lines: elapsed time, then the stages of each ticker, with bars where work is countable. */
export function progressLines(run: RunView, elapsedMs: number, colors: Colors): string[] {
  const states = run.progress ?? [];
  const ended = states.filter(({ status }) => status === 'completed' || status === 'failed').length;
  const count = states.length > 1 ? `, ${ended} of ${states.length} tickers done` : '';
  const header = `${colors.bold(DOING[run.workflow] ?? 'training')} ${seconds(elapsedMs)}${count}`;
  if (run.progress === undefined) return [`${header}, waiting for a worker`];
  const width = Math.max(...states.map(({ ticker }) => ticker.length));
  const rows = shownStates(states).map(
    (state) => `  ${colors.bold(state.ticker.padEnd(width))}  ${stateLine(state, colors)}`,
  );
  const parked = states.flatMap((state) =>
    state.parked === undefined
      ? []
      : [
          colors.yellow(`  ${state.ticker} is ${parkedLine(state.parked)}`),
          ...howToMend(state.run_id ?? '', state.parked).map((line) => `    ${line}`),
        ],
  );
  const hidden = states.length - rows.length;
  const retries = (run.retrying ?? []).map(({ activity, attempt, last_failure }) =>
    colors.yellow(`  ${activity} is tried again (attempt ${attempt}): ${last_failure}`),
  );
  return [header, ...rows, ...(hidden > 0 ? [`  and ${hidden} more`] : []), ...parked, ...retries];
}

/** `5/8` as a bar of ten cells. */
export function bar(done: number, total: number): string {
  const filled = total === 0 ? BAR_CELLS : Math.floor((Math.min(done, total) / total) * BAR_CELLS);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)} ${done}/${total}`;
}

function shownStates(states: readonly TickerState[]): readonly TickerState[] {
  if (states.length <= MOST_ROWS) return states;
  const urgency = { failed: 0, running: 1, waiting: 2, completed: 3 };
  return [...states].sort((a, b) => urgency[a.status] - urgency[b.status]).slice(0, MOST_ROWS);
}

function stateLine({ status, stages, failure, ...state }: TickerState, colors: Colors): string {
  if (status === 'completed') return colors.green('✓ done');
  if (status === 'failed') return colors.red(`✗ ${failure?.code ?? 'failed'}: ${failure?.message ?? ''}`);
  if (stages === undefined) return colors.dim(status === 'waiting' ? 'waiting' : 'starting');
  const awaiting = (state.awaiting_approval ?? []).map(({ model }) => colors.yellow(`waits for a verdict on ${model}`));
  const parked = state.parked === undefined ? [] : [colors.yellow('parked')];
  return [...stages.map((stage) => stageText(stage, colors)), ...awaiting, ...parked].join('  ');
}

function stageText({ stage, status, done, total }: NonNullable<TickerState['stages']>[number], colors: Colors): string {
  if (status === 'done') return colors.green(`✓ ${stage}`);
  if (status === 'failed') return colors.red(`✗ ${stage}`);
  if (status === 'waiting') return colors.dim(`· ${stage}`);
  return colors.cyan(total > 1 ? `▸ ${stage} ${bar(done, total)}` : `▸ ${stage}`);
}
