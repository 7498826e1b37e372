import { Command } from 'commander';
import { addApi } from './commands/api.ts';
import { addBackfill } from './commands/backfill.ts';
import { addCertificate } from './commands/certificate.ts';
import { addCompare } from './commands/compare.ts';
import { addDatasets } from './commands/datasets.ts';
import { addDoctor } from './commands/doctor.ts';
import { addDrift } from './commands/drift.ts';
import { addExperiments } from './commands/experiments.ts';
import { addFeatures } from './commands/features.ts';
import { addGc } from './commands/gc.ts';
import { addLeaderboard } from './commands/leaderboard.ts';
import { addLineage } from './commands/lineage.ts';
import { addMlflow } from './commands/mlflow.ts';
import { addModels } from './commands/models.ts';
import { addPredict } from './commands/predict.ts';
import { addPrices } from './commands/prices.ts';
import { addProjection } from './commands/projection.ts';
import { addRestatements } from './commands/restatements.ts';
import { addRuns } from './commands/runs.ts';
import { addSchedules } from './commands/schedules.ts';
import { addScore } from './commands/score.ts';
import { addTemporal } from './commands/temporal.ts';
import { addTickers } from './commands/tickers.ts';
import { addTrackRecord } from './commands/track-record.ts';
import { addTrain } from './commands/train.ts';
import { addTrials } from './commands/trials.ts';
import { addUp } from './commands/up.ts';
import { addUpload } from './commands/upload.ts';
import { addWorker } from './commands/worker.ts';
import type { TextStream } from './output.ts';
import type { Parts } from './parts.ts';

/** Where the parser writes help, and what it found wrong with a command line. */
export interface ParserStreams {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly version: string;
}

const COMMANDS = [
  addUp,
  addUpload,
  addPrices,
  addTickers,
  addFeatures,
  addTrain,
  addBackfill,
  addRuns,
  addSchedules,
  addLeaderboard,
  addCompare,
  addCertificate,
  addTrials,
  addPredict,
  addScore,
  addTrackRecord,
  addDrift,
  addExperiments,
  addProjection,
  addRestatements,
  addGc,
  addLineage,
  addDatasets,
  addModels,
  addTemporal,
  addMlflow,
  addWorker,
  addApi,
  addDoctor,
];

/** The whole command line. It throws where others would exit, so that its caller decides on exit codes. */
export function buildProgram(parts: Parts, { stdout, stderr, version }: ParserStreams): Command {
  const program = new Command('stockcast')
    .description('Stock-price forecasts from models that had to earn their place.')
    .version(version)
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError('(--help shows what is possible)')
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'error USAGE: ')),
    })
    .addHelpText(
      'after',
      '\nStart with `npm start` (the same as `npx stockcast up`). Each command has its own --help.',
    );
  for (const add of COMMANDS) add(program, parts);
  for (const command of program.commands) command.hook('preSubcommand', refuseUnknown);
  return program;
}

/**
 * Refuses a word that names no subcommand where commander would hand it to the default one, which takes no arguments and
 * would complain of something else.
 */
function refuseUnknown(command: Command, subcommand: Command): void {
  const [word] = command.args;
  if (word === undefined || word.startsWith('-') || word === subcommand.name()) return;
  if (subcommand.registeredArguments.length > 0) return;
  // Commander's own refusal, which suggests a similar name; its types leave it out.
  (command as Command & { unknownCommand(): void }).unknownCommand();
}
