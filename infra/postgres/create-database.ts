import pg from 'pg';

const ALREADY_THERE = new Set(['42P04', '23505']);

/** Creates the database that a PostgreSQL URL names, unless it is there; may run in many processes at once. */
export async function createDatabaseIfMissing(url: string): Promise<void> {
  const server = new URL(url);
  const name = decodeURIComponent(server.pathname.slice(1));
  server.pathname = '/postgres';
  const client = new pg.Client({ connectionString: server.href, connectionTimeoutMillis: 5000 });
  client.on('error', () => {
    // The statement under way rejects with it.
  });
  try {
    await client.connect();
    const there = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (there.rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(name)}`);
  } catch (error) {
    if (!ALREADY_THERE.has(String((error as { code?: unknown }).code))) throw error;
  } finally {
    await client.end();
  }
}
