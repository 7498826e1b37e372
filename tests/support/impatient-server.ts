import { TestWorkflowEnvironment } from '@temporalio/testing';
import { SEARCH_ATTRIBUTES } from '../../domain/run.ts';
import { ensureTemporalCli } from '../../infra/temporal/temporal-cli.ts';
import { PROMPT_DISPATCH } from '../../infra/temporal/temporal-server.ts';

/** A dev server of a test's own that asks runs to go on as new ones after so many events already. */
export async function startImpatientServer(events: number): Promise<TestWorkflowEnvironment> {
  const { path } = await ensureTemporalCli({ say: (line) => console.error(line) });
  const patience = ['--dynamic-config-value', `limit.historyCount.suggestContinueAsNew=${events}`];
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      // What killed workers leave undone is nothing to read of.
      log: { format: 'text', level: 'never' },
      searchAttributes: SEARCH_ATTRIBUTES.map((name) => ({ name, type: 'KEYWORD' as const })),
      extraArgs: [...PROMPT_DISPATCH, ...patience],
    },
  });
}
