import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { freshContext } from '../../tests/contract/backend.ts';
import { freshDatabase } from '../../tests/support/postgres.ts';
import { Database } from '../postgres/database.ts';
import { PostgresModelRegistry } from './postgres-model-registry.ts';

it('what versions point to is told of all of them, each once, however many there are', async () => {
  const { url, drop } = await freshDatabase();
  const database = new Database(url, { poolSize: 1, statementTimeoutMs: 30_000 });
  try {
    const registry = new PostgresModelRegistry(database);
    const context = freshContext();
    await registry.register(context, {
      ...{ id: 'm0', ticker: 'AAPL', horizon: 1, kind: 'naive', asOf: '2013-03-01', datasetId: 'd', featureSet: 'f' },
      ...{ window: 'all', scaleTargets: true, embargo: 0, parameters: {}, seed: 7, madeFrom: [], codeVersion: 'c' },
      ...{ backend: 'typescript', objectKey: 'o', nTrainingRows: 1, trainedAt: '2013-03-01T21:00:00.000Z', runId: 'r' },
    });
    await database.run((db) =>
      sql`insert into model
        select (jsonb_populate_record(m, jsonb_build_object('id', 'm' || i, 'version', i + 1))).*
        from model m, generate_series(1, 1234) i`.execute(db),
    );
    const ids: string[] = [];
    for await (const { id } of registry.references(context)) ids.push(id);
    expect(ids.sort()).toEqual(Array.from({ length: 1235 }, (_, i) => `m${i}`).sort());
  } finally {
    await database.close();
    await drop();
  }
});
