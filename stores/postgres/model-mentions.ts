import { sql } from 'kysely';
import type { Context } from '../../domain/context.ts';
import type { ModelMention } from '../../domain/model-version.ts';
import type { Database } from './database.ts';

/** What the rows of tables name, each pair of model and certificate once. */
export async function modelMentions(
  database: Database,
  { tenant }: Context,
  tables: readonly ('promotion' | 'forecast' | 'forecast_as_of')[],
): Promise<ModelMention[]> {
  const each = tables.map(
    (table) => sql`select distinct model_id, certificate_id from ${sql.table(table)} where tenant = ${tenant}`,
  );
  const { rows } = await database.run((db) =>
    sql<{ model_id: string; certificate_id: string | null }>`${sql.join(each, sql` union `)}`.execute(db),
  );
  return rows.map(({ model_id: modelId, certificate_id: certificateId }) => ({
    modelId,
    ...(certificateId === null ? {} : { certificateId }),
  }));
}
