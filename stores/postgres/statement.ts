import { createHash } from 'node:crypto';
import {
  type Compilable,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import type pg from 'pg';
import type { Schema } from './schema.ts';

/** Builds statements and runs none. */
const builder = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

/** Stands in a statement for a value that comes later. */
class Place<Values> {
  readonly of: keyof Values;

  constructor(of: keyof Values) {
    this.of = of;
  }
}

/**
 * A statement for what is asked often: built and compiled once, while building one anew takes longer than the driver's
 * own work; and prepared once by each connection, so that the server parses it once. It names its columns, since a `*`
 * that another version's migration widens would make the server refuse what it has prepared.
 */
export class Statement<Values extends object, Row> {
  readonly #name: string;
  readonly #text: string;
  readonly #parameters: readonly unknown[];

  /** `place` gives what stands for a value while the statement is built. */
  constructor(
    build: (db: Kysely<Schema>, place: <Name extends keyof Values>(of: Name) => Values[Name]) => Compilable<Row>,
  ) {
    const { sql, parameters } = build(builder, (of) => new Place<Values>(of) as never).compile();
    // By its text: a connection refuses two texts of one name.
    this.#name = createHash('sha256').update(sql).digest('hex').slice(0, 32);
    this.#text = sql;
    this.#parameters = parameters;
  }

  /** The statement with its values, as the driver takes it. */
  filled(values: Values): pg.QueryConfig {
    return {
      name: this.#name,
      text: this.#text,
      values: this.#parameters.map((parameter) =>
        parameter instanceof Place ? values[(parameter as Place<Values>).of] : parameter,
      ),
    };
  }
}
