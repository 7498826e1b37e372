import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import pg from 'pg';
import { sha256Hex } from '../../../domain/identity.ts';
import { canonicalProjection } from '../../../serving/canonical-projection.ts';
import { type Services, createServices } from '../../../serving/services.ts';
import { hasSeries } from '../../../serving/walk-forward-series.ts';
import { openStores } from '../../../stores/open-stores.ts';
import { freshDatabase, onServer } from '../postgres.ts';
import { watchObjects, watchStatements } from './points.ts';
import { CODE_VERSION, CONTEXT } from './writes.ts';

/** Everything that is stored: rows as JSON texts, objects by key with the hash of their bytes; both ascending. */
export interface Stored {
  readonly rows: readonly string[];
  readonly objects: readonly string[];
}

/** A database and a folder of objects, which can be copied. */
export class Installation {
  readonly databaseUrl: string;
  readonly objectsDir: string;

  private constructor(databaseUrl: string, objectsDir: string) {
    this.databaseUrl = databaseUrl;
    this.objectsDir = objectsDir;
  }

  /** An empty one, with its tables. */
  static async create(): Promise<Installation> {
    const { url } = await freshDatabase();
    const made = new Installation(url, mkdtempSync(join(tmpdir(), 'stockcast-crash-')));
    await made.use((services) => services.bars.tickers(CONTEXT));
    return made;
  }

  /** Another with the same content; nobody may be connected to this one. */
  async copy(): Promise<Installation> {
    const url = new URL(this.databaseUrl);
    const name = `test_${randomBytes(6).toString('hex')}`;
    await onServer(`create database ${name} template ${url.pathname.slice(1)}`);
    url.pathname = `/${name}`;
    const objectsDir = mkdtempSync(join(tmpdir(), 'stockcast-crash-'));
    cpSync(this.objectsDir, objectsDir, { recursive: true });
    return new Installation(url.href, objectsDir);
  }

  async drop(): Promise<void> {
    await onServer(`drop database ${new URL(this.databaseUrl).pathname.slice(1)} with (force)`);
    rmSync(this.objectsDir, { recursive: true, force: true });
  }

  /** Opens it, as a process that starts does, and closes it again; `pass` is told the points passed. */
  async use<T>(body: (services: Services) => Promise<T>, pass: (point: string) => void = () => {}): Promise<T> {
    const database = { url: this.databaseUrl, poolSize: 3, statementTimeoutMs: 30_000 };
    const stores = openStores({ database, objectsDir: this.objectsDir });
    const unwatch = watchStatements(pass);
    try {
      return await body(createServices({ ...stores, objects: watchObjects(stores.objects, pass) }, CODE_VERSION));
    } finally {
      unwatch();
      await stores.close();
    }
  }

  /** Rows without their serial numbers. A trial that was begun is left out: until it ends it is nobody's answer. */
  async stored(): Promise<Stored> {
    const client = new pg.Client({ connectionString: this.databaseUrl });
    await client.connect();
    try {
      const rows: string[] = [];
      const tables = await client.query<{ name: string }>(
        `select table_name as name from information_schema.tables where table_schema = 'public' and table_name not like 'kysely%'`,
      );
      for (const { name } of tables.rows) {
        const found = await client.query<{ row: Record<string, unknown> }>(`select to_json(t) as row from ${name} t`);
        for (const { row } of found.rows) {
          if (name === 'trial' && row.status === 'running') continue;
          if (name === 'promotion') delete row.id;
          delete row.attempts;
          rows.push(`${name} ${JSON.stringify(row)}`);
        }
      }
      return { rows: rows.sort(), objects: this.#objects() };
    } finally {
      await client.end();
    }
  }

  /** Rows and documents that point to something that is not there, or not whole. */
  dangling(): Promise<string[]> {
    return this.use(async (services) => {
      const lost: string[] = [];
      const need = async (key: string, by: string) => {
        if (!(await services.objects.exists(CONTEXT, key))) lost.push(`${key}, which ${by} names`);
      };
      for (const key of this.#objects().map((object) => object.split(' ')[0]!)) {
        if (!key.endsWith('/manifest.json')) continue;
        const manifest = JSON.parse(new TextDecoder().decode(await services.objects.get(CONTEXT, key)));
        await need(manifest.barsKey, key);
      }
      for (const ticker of ['AAPL', 'pool']) {
        for (const { id } of await services.registry.standings(CONTEXT, ticker, 1)) {
          const model = (await services.registry.find(CONTEXT, id))!;
          await need(model.objectKey, `model ${model.kind}`);
          if (model.evaluation === undefined) continue;
          if (!(await hasSeries(services, CONTEXT, ticker, id)))
            lost.push(`the walk-forward forecasts of ${model.kind}`);
        }
      }
      // Reads every certificate that a model names and checks its hash.
      await canonicalProjection(services, CONTEXT);
      return lost;
    });
  }

  #objects(): string[] {
    const root = join(this.objectsDir, CONTEXT.tenant);
    if (!existsSync(root)) return [];
    const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return files
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => `${relative(root, path)} ${sha256Hex(readFileSync(path))}`)
      .sort();
  }
}
