import type { RunView, StartedRun } from '../serving/run-view.ts';
import { describeRun } from '../serving/runs.ts';
import { EXIT, Interrupted } from './failure.ts';
import type { Output } from './output.ts';
import type { Parts } from './parts.ts';
import { failuresOf, runFailed } from './progress/run-outcome.ts';
import { watchRun } from './progress/watch-run.ts';
import { startedLine } from './tables/run-tables.ts';

/**
 * Says what was started and, unless nobody waits for it, shows its progress, then what came of it by `tell`, and fails
 * where it did.
 * @throws Interrupted when the person asks to stop; the run goes on
 */
export async function seeThrough(
  parts: Parts,
  output: Output,
  started: StartedRun,
  wait: boolean,
  tell: (run: RunView) => Promise<void> | void,
): Promise<void> {
  if (!wait) {
    output.result(started, () => [startedLine(started), ...howToFollow(started)].join('\n'));
    return;
  }
  output.say(startedLine(started));
  const run = await watchStarted(parts, output, started);
  await tell(run);
  const failures = failuresOf(run);
  if (failures.length === 0) return;
  const { code, message } = runFailed(started.run_id, failures);
  parts.complain({ code, message });
  parts.exitWith(EXIT.failure);
}

/**
 * Shows a started run's progress until it has ended.
 * @throws Interrupted when the person asks to stop; the run goes on
 */
export async function watchStarted(parts: Parts, output: Output, started: StartedRun): Promise<RunView> {
  const [temporal, context] = [await parts.temporal(), parts.context()];
  const { signal } = parts.interruption();
  const describe = () => describeRun(temporal, context, started.run_id);
  return watchRun({ context, output, signal, describe }).catch((error: unknown) => {
    if (!(error instanceof Interrupted)) throw error;
    throw new Interrupted(['stopped watching; the run goes on', ...howToFollow(started)].join('\n'));
  });
}

function howToFollow({ run_id: runId, status }: StartedRun): string[] {
  if (status !== 'running') return [`  see it:  npx stockcast runs show ${runId}`];
  return [`  follow it:  npx stockcast runs show ${runId}`, `  cancel it:  npx stockcast runs cancel ${runId}`];
}
