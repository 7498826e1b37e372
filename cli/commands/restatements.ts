import type { Command } from 'commander';
import { parseTicker } from '../../domain/ticker.ts';
import { listRestatements, showRestatement } from '../../serving/restatement-answer.ts';
import { retrainRestated } from '../../serving/retrain-restated.ts';
import { type CommonOptions, limitOption, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { restatementDetails, restatementList } from '../tables/restatement-tables.ts';
import { startedLine } from '../tables/run-tables.ts';

const DEFAULT_LIMIT = 20;

/** `restatements`: lists changes of known history, shows what rests on one, and has that trained again. */
export function addRestatements(program: Command, parts: Parts): void {
  const command = program
    .command('restatements')
    .description('list changes of known history, show what rests on one, train that again');

  const list = command
    .command('list', { isDefault: true })
    .description('list the newest restatements')
    .argument('[ticker]', 'of this ticker; default: of all', parseTicker)
    .option('--limit <n>', 'how many', limitOption, DEFAULT_LIMIT);
  withCommonOptions(list, ['restatements', 'restatements AAPL', 'restatements --json']).action(
    async (ticker: string | undefined, { limit, ...options }: CommonOptions & { readonly limit: number }) => {
      const output = parts.output(options);
      const asked = { limit, ...(ticker === undefined ? {} : { ticker }) };
      const answer = await listRestatements(await parts.services(), parts.context(), asked);
      output.result(answer, () => restatementList(answer.restatements, output.colors));
    },
  );

  const show = command
    .command('show')
    .description('show what one changed and what rests on it')
    .argument('<id>', 'the restatement');
  withCommonOptions(show, ['restatements show 3f9c12a0b1c2']).action(async (id: string, options: CommonOptions) => {
    const output = parts.output(options);
    const answer = await showRestatement(await parts.services(), parts.context(), id);
    output.result(answer, () => restatementDetails(answer));
  });

  const retrain = command
    .command('retrain')
    .description('train again the tickers of which something serves that rests on it, and no others')
    .argument('<id>', 'the restatement');
  withCommonOptions(retrain, ['restatements retrain 3f9c12a0b1c2']).action(
    async (id: string, options: CommonOptions) => {
      const output = parts.output(options);
      const [services, temporal] = [await parts.services(), await parts.temporal()];
      const retraining = await retrainRestated(services, temporal, parts.context(), id, parts.settings());
      const { run, tickers } = retraining;
      output.result(retraining, () =>
        run === null
          ? 'Nothing that serves rests on it.'
          : [
              startedLine(run),
              `  trains ${tickers.join(', ')}`,
              `  follow it:  npx stockcast runs show ${run.run_id}`,
            ].join('\n'),
      );
    },
  );
}
