import type { Command } from 'commander';
import { parseTicker } from '../../domain/ticker.ts';
import { knownTickers } from '../../serving/histories.ts';
import { type TrackRecordAnswer, trackRecordAnswer } from '../../serving/track-record-answer.ts';
import { trackRecords } from '../../serving/track-record.ts';
import { type CommonOptions, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { trackRecordTable } from '../tables/track-record-table.ts';

/** `track-record`: how the forecasts of each model have done live. */
export function addTrackRecord(program: Command, parts: Parts): void {
  const command = program
    .command('track-record')
    .description('show how the forecasts of each model have done live, beside naive')
    .argument('[ticker]', 'the ticker; default: all known', parseTicker);
  withCommonOptions(command, ['track-record AAPL', 'track-record', 'track-record AAPL --json']).action(
    async (asked: string | undefined, options: CommonOptions) => {
      const output = parts.output(options);
      const [services, context] = [await parts.services(), parts.context()];
      const answers: TrackRecordAnswer[] = [];
      for (const ticker of asked === undefined ? await knownTickers(services, context) : [asked]) {
        answers.push(trackRecordAnswer(ticker, await trackRecords(services, context, ticker)));
      }
      output.result(asked === undefined ? { track_records: answers } : answers[0]!, () =>
        trackRecordTable(answers, output.colors),
      );
    },
  );
}
