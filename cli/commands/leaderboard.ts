import type { Command } from 'commander';
import { DEFAULT_HORIZONS, type Horizon } from '../../domain/horizon.ts';
import { knownTickers } from '../../serving/histories.ts';
import { leaderboard } from '../../serving/leaderboard.ts';
import { leaderboardAnswer } from '../../serving/leaderboard-answer.ts';
import { type CommonOptions, horizonList, tickerArguments, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { leaderboardTable } from '../tables/leaderboard-table.ts';

interface LeaderboardOptions extends CommonOptions {
  readonly horizons?: readonly Horizon[];
}

/** `leaderboard`: each model beside the baselines, what serves, and why. */
export function addLeaderboard(program: Command, parts: Parts): void {
  const command = program
    .command('leaderboard')
    .description('show each model beside the baselines, what serves, and why')
    .argument('[ticker...]', 'tickers; default: all known', tickerArguments, [])
    .option('--horizons <list>', `sessions ahead; default: ${DEFAULT_HORIZONS.join(',')}`, horizonList);
  const examples = ['leaderboard', 'leaderboard AAPL MSFT --horizons 10', 'leaderboard --json'];
  withCommonOptions(command, examples).action(async (asked: readonly string[], options: LeaderboardOptions) => {
    const output = parts.output(options);
    const services = await parts.services();
    const context = parts.context();
    const tickers = await knownTickers(services, context, asked.length === 0 ? undefined : asked);
    const entries = await leaderboard(services, context, tickers, options.horizons ?? DEFAULT_HORIZONS);
    output.result(leaderboardAnswer(entries), () => leaderboardTable(entries, output.colors));
  });
}
