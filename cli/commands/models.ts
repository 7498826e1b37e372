import type { Command } from 'commander';
import type { SessionDate } from '../../domain/bar.ts';
import { DEFAULT_HORIZON, type Horizon } from '../../domain/horizon.ts';
import { parseTicker } from '../../domain/ticker.ts';
import { modelHistory } from '../../serving/model-history.ts';
import { rollBack } from '../../serving/rollback.ts';
import { type CommonOptions, dateOption, horizonOption, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { modelHistoryText, rollbackText } from '../tables/model-history-text.ts';

interface HistoryOptions extends CommonOptions {
  readonly on?: SessionDate;
  readonly horizon?: Horizon;
}

interface RollbackOptions extends CommonOptions {
  readonly horizon: Horizon;
  readonly to?: string;
  readonly reason: string;
  readonly by?: string;
}

/** `models`: what served when, and the way back to what served before. */
export function addModels(program: Command, parts: Parts): void {
  const command = program.command('models').description('show what served when and why, go back to what served before');

  const history = command
    .command('history')
    .description('show what served, since when until when, why, and on whose behalf')
    .argument('<ticker>', 'the ticker', parseTicker)
    .option('--on <date>', 'only what served on this day', dateOption)
    .option('--horizon <sessions>', 'only this horizon', horizonOption);
  const historyExamples = ['models history AAPL', 'models history AAPL --on 2013-03-01 --horizon 10'];
  withCommonOptions(history, historyExamples).action(async (ticker: string, options: HistoryOptions) => {
    const output = parts.output(options);
    const { on, horizon } = options;
    const wish = { ...(on === undefined ? {} : { on }), ...(horizon === undefined ? {} : { horizon }) };
    const answer = await modelHistory(await parts.services(), parts.context(), { ticker, ...wish });
    output.result(answer, () => modelHistoryText(answer, output.colors));
  });

  const rollback = command
    .command('rollback')
    .description('let what served before serve again, at once and without training')
    .argument('<ticker>', 'the ticker', parseTicker)
    .requiredOption('--reason <text>', 'why, for the ledger')
    .option('--horizon <sessions>', 'exchange sessions ahead', horizonOption, DEFAULT_HORIZON)
    .option(
      '--to <model>',
      'id of a model, its beginning, or a kind for its newest certified; default: what served before',
    )
    .option('--by <name>', 'who says so, for the ledger; default: STOCKCAST_PRINCIPAL');
  const rollbackExamples = [
    'models rollback AAPL --reason "jumps at every open"',
    'models rollback AAPL --horizon 1 --to 3f9c12a0 --by Ada --reason "the one before the split"',
  ];
  withCommonOptions(rollback, rollbackExamples).action(async (ticker: string, options: RollbackOptions) => {
    const output = parts.output(options);
    const { horizon, to, reason, by } = options;
    const wish = { ...(to === undefined ? {} : { to }), ...(by === undefined ? {} : { by }) };
    const request = { ticker, horizon, reason, ...wish };
    const answer = await rollBack(await parts.services(), parts.context(), request);
    output.result(answer, () => rollbackText(answer));
  });
}
