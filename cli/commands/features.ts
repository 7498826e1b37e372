import type { Command } from 'commander';
import type { SessionDate } from '../../domain/bar.ts';
import { parseTicker } from '../../domain/ticker.ts';
import { featureAnswer } from '../../serving/feature-answer.ts';
import { type CommonOptions, dateOption, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { featureText } from '../tables/feature-text.ts';

interface FeatureOptions extends CommonOptions {
  readonly asOf?: SessionDate;
}

/** `features`: what models look at, now or as it could be known on a past day. */
export function addFeatures(program: Command, parts: Parts): void {
  const command = program
    .command('features')
    .description('show the newest row of features of a ticker, or the one of a past day')
    .argument('<ticker>', 'the ticker', parseTicker)
    .option('--as-of <date>', 'what could be known at the end of that day', dateOption);
  const examples = ['features AAPL', 'features AAPL --as-of 2010-06-30', 'features AAPL --json'];
  withCommonOptions(command, examples).action(async (ticker: string, { asOf, ...common }: FeatureOptions) => {
    const output = parts.output(common);
    const answer = await featureAnswer(await parts.services(), parts.context(), ticker, asOf);
    output.result(answer, () => featureText(answer, output.colors));
  });
}
