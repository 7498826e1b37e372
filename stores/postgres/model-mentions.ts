import type { Context } from '../../domain/context.ts';
import type { ModelMention } from '../../domain/model-version.ts';
import type { Database } from './database.ts';

/** What the rows of a table name, each pair of model and certificate once. */
export async function modelMentions(
  database: Database,
  { tenant }: Context,
  table: 'promotion' | 'forecast',
): Promise<ModelMention[]> {
  const rows = await database.run((db) =>
    db.selectFrom(table).select(['model_id', 'certificate_id']).distinct().where('tenant', '=', tenant).execute(),
  );
  return rows.map(({ model_id: modelId, certificate_id: certificateId }) => ({
    modelId,
    ...(certificateId === null ? {} : { certificateId }),
  }));
}
