import { type Kysely, Migrator } from 'kysely';
import { StockcastError } from '../../domain/errors.ts';
import * as tables from './migrations/0001-tables.ts';
import * as executions from './migrations/0002-executions.ts';
import * as certificates from './migrations/0003-certificates.ts';
import * as panels from './migrations/0004-panels.ts';
import * as trials from './migrations/0005-trials.ts';
import * as changeNotices from './migrations/0006-change-notices.ts';
import * as predictionLog from './migrations/0007-prediction-log.ts';
import * as mlflow from './migrations/0008-mlflow.ts';
import * as lineage from './migrations/0009-lineage.ts';
import * as restatements from './migrations/0010-restatements.ts';
import * as forecastScores from './migrations/0011-forecast-scores.ts';
import * as drift from './migrations/0012-drift.ts';
import * as experiments from './migrations/0013-experiments.ts';
import * as forecastsAsOf from './migrations/0014-forecasts-as-of.ts';
import type { Schema } from './schema.ts';

/** In the order in which they run; one that has been released is never changed. */
const MIGRATIONS = {
  '0001-tables': tables,
  '0002-executions': executions,
  '0003-certificates': certificates,
  '0004-panels': panels,
  '0005-trials': trials,
  '0006-change-notices': changeNotices,
  '0007-prediction-log': predictionLog,
  '0008-mlflow': mlflow,
  '0009-lineage': lineage,
  '0010-restatements': restatements,
  '0011-forecast-scores': forecastScores,
  '0012-drift': drift,
  '0013-experiments': experiments,
  '0014-forecasts-as-of': forecastsAsOf,
};

/** How the migrator says that other migrations than these have run, and PostgreSQL (42P07) that a table is there. */
const OTHERS_RAN = /^corrupted migrations/;
const TABLE_EXISTS = '42P07';

/**
 * Brings the tables up to date; may run in many processes at once.
 * @throws StockcastError DATABASE_INCOMPATIBLE when the tables that are there were made by something else
 */
export async function migrate(db: Kysely<Schema>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error instanceof Error) {
    const { message, code } = error as NodeJS.ErrnoException;
    if (!OTHERS_RAN.test(message) && code !== TABLE_EXISTS) throw error;
    throw new StockcastError('DATABASE_INCOMPATIBLE', { problem: message }, { cause: error });
  }
  if (error !== undefined) throw new Error(`the tables cannot be brought up to date: ${String(error)}`);
}
