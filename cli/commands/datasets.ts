import type { Command } from 'commander';
import { parseTicker } from '../../domain/ticker.ts';
import { SHOWN_CHANGES, diffDatasets } from '../../serving/dataset-diff.ts';
import { LISTED_DATASETS, listDatasets } from '../../serving/datasets.ts';
import { type CommonOptions, limitOption, offsetOption, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { datasetDiffText, datasetTable } from '../tables/dataset-tables.ts';

interface ListOptions extends CommonOptions {
  readonly limit: number;
  readonly offset: number;
}

/** `datasets`: the snapshots that models learnt from, and what changed from one to another. */
export function addDatasets(program: Command, parts: Parts): void {
  const command = program.command('datasets').description('list the datasets of a ticker, compare two of them');

  const list = command
    .command('list')
    .description('list the datasets that were taken of a ticker, newest first')
    .argument('<ticker>', 'the ticker', parseTicker)
    .option('--limit <n>', 'how many', limitOption, LISTED_DATASETS)
    .option('--offset <n>', 'how many of the newest to leave out', offsetOption, 0);
  withCommonOptions(list, ['datasets list AAPL', 'datasets list AAPL --json']).action(
    async (ticker: string, options: ListOptions) => {
      const output = parts.output(options);
      const { limit, offset } = options;
      const answer = await listDatasets(await parts.services(), parts.context(), ticker, { limit, offset });
      output.result(answer, () => datasetTable(answer, output.colors));
    },
  );

  const diff = command
    .command('diff')
    .description('show which sessions and events changed from one dataset to another, and by how much')
    .argument('<from>', 'id of a dataset, or its beginning')
    .argument('<to>', 'id of another one of the same ticker')
    .option('--limit <n>', 'how many changes of each sort to show', limitOption, SHOWN_CHANGES);
  withCommonOptions(diff, ['datasets diff 3f9c12a0 b1c24d55', 'datasets diff 3f9c12a0 b1c24d55 --json']).action(
    async (from: string, to: string, options: CommonOptions & { readonly limit: number }) => {
      const output = parts.output(options);
      const answer = await diffDatasets(await parts.services(), parts.context(), [from, to], options.limit);
      output.result(answer, () => datasetDiffText(answer, output.colors));
    },
  );
}
