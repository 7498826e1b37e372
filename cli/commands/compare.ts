import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Context } from '../../domain/context.ts';
import { StockcastError } from '../../domain/errors.ts';
import { DEFAULT_HORIZON, type Horizon } from '../../domain/horizon.ts';
import { parseTicker } from '../../domain/ticker.ts';
import { COMPARED, type Comparison, compareModels } from '../../serving/comparison.ts';
import { pictureOf } from '../../serving/pictures.ts';
import type { Services } from '../../serving/services.ts';
import { type CommonOptions, horizonOption, limitOption, offsetOption, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { comparisonText } from '../tables/comparison-text.ts';

interface CompareOptions extends CommonOptions {
  readonly horizon: Horizon;
  readonly limit: number;
  readonly offset: number;
  readonly pictures?: string;
}

/** `compare`: all versions of a ticker's models beside each other and the baselines; also in pictures. */
export function addCompare(program: Command, parts: Parts): void {
  const command = program
    .command('compare')
    .description('show all versions of a ticker beside each other, with what each forecasts now')
    .argument('<ticker>', 'the ticker', parseTicker)
    .option('--horizon <sessions>', 'exchange sessions ahead', horizonOption, DEFAULT_HORIZON)
    .option('--limit <n>', 'how many versions', limitOption, COMPARED)
    .option('--offset <n>', 'leave out so many of the first', offsetOption, 0)
    .option('--pictures <folder>', 'also write their pictures there, as SVG');
  const examples = ['compare AAPL', 'compare AAPL --horizon 1 --json', 'compare AAPL --limit 3 --pictures pictures'];
  withCommonOptions(command, examples).action(async (ticker: string, options: CompareOptions) => {
    const output = parts.output(options);
    const [services, context] = [await parts.services(), parts.context()];
    const { horizon, limit, offset, pictures } = options;
    const comparison = await compareModels(services, context, { ticker, horizon, limit, offset });
    if (pictures !== undefined) {
      const files = await writePictures(services, context, comparison, pictures);
      output.say(`${files} pictures written to ${resolve(pictures)}`);
    }
    output.result(comparison, () => comparisonText(comparison, output.colors));
  });
}

/** Writes the pictures of all compared models, as `AAPL-h10-linear-v3-forecast.svg`; returns how many. */
async function writePictures(
  services: Services,
  context: Context,
  { ticker, horizon, models }: Comparison,
  folder: string,
): Promise<number> {
  const asked = models.flatMap((model) => model.pictures.map(({ name }) => ({ ...model, name })));
  inFolder(folder, () => mkdirSync(folder, { recursive: true }));
  for (const { model, model_version: version, model_id: id, name } of asked) {
    const svg = await pictureOf(services, context, id, name);
    const file = `${encodeURIComponent(ticker)}-h${horizon}-${model}-v${version}-${name}.svg`;
    inFolder(folder, () => writeFileSync(join(folder, file), svg));
  }
  return asked.length;
}

function inFolder(folder: string, body: () => void): void {
  try {
    body();
  } catch (cause) {
    const problem = `nothing can be written there: ${(cause as Error).message}`;
    throw new StockcastError('REQUEST_INVALID', { field: `--pictures "${folder}"`, problem }, { cause });
  }
}
