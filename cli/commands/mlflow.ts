import type { Command } from 'commander';
import type { MlflowFollower, Told } from '../../serving/mlflow/mlflow-follower.ts';
import { EXIT } from '../failure.ts';
import { type CommonOptions, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { count } from '../tables/count.ts';

/** `mlflow status` and `mlflow sync`: what MLflow has not been told yet, and telling it now. */
export function addMlflow(program: Command, parts: Parts): void {
  const group = program.command('mlflow').description('show what MLflow lacks, or tell it now');
  const status = group.command('status').description('show whether MLflow answers, what it lacks and since when');
  withCommonOptions(status, ['mlflow status', 'mlflow status --json']).action(async (options: CommonOptions) => {
    await using(parts, async (mlflow) => {
      const problem = await mlflow.ping().then(
        () => null,
        (error: Error) => error.message,
      );
      const { models, promotions, since = null } = await mlflow.waiting();
      const answer = { answers: problem === null, problem, models, promotions, since };
      const lacks = `It lacks ${models} models and ${promotions} promotions${since === null ? '' : `, since ${since}`}.`;
      parts.output(options).result(answer, () => `${problem ?? 'MLflow answers.'} ${lacks}`);
      if (problem !== null) parts.exitWith(EXIT.failure);
    });
  });
  const sync = group
    .command('sync')
    .description('tell MLflow now what it lacks; workers do the same by themselves')
    .option('--again', 'tell it everything from the beginning, for an MLflow that has lost it');
  withCommonOptions(sync, ['mlflow sync', 'mlflow sync --again']).action(
    async (options: CommonOptions & { readonly again?: boolean }) => {
      await using(parts, async (mlflow) => {
        if (options.again === true) await mlflow.forget();
        const told = await mlflow.tell();
        parts.output(options).result(told ?? null, () => inWords(told));
        if (told !== undefined && told.refused.length > 0) parts.exitWith(EXIT.failure);
      });
    },
  );
}

async function using(parts: Parts, body: (mlflow: MlflowFollower) => Promise<void>): Promise<void> {
  const mlflow = await parts.mlflow();
  try {
    await body(mlflow);
  } finally {
    mlflow.stop();
  }
}

function inWords(told: Told | undefined): string {
  if (told === undefined) return 'A worker is telling MLflow at this moment.';
  const { models, promotions, runs, inferences, refused } = told;
  const parts = [count(models, 'model'), count(promotions, 'promotion'), count(runs, 'run')].join(', ');
  const counts = `Told of ${parts} and ${count(inferences, 'daily figure')}.`;
  return [counts, ...refused.map((reason) => `Refused: ${reason}`)].join('\n');
}
