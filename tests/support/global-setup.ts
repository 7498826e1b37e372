import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { TestProject } from 'vitest/node';
import { freePort } from '../../infra/free-port.ts';
import { removePostgres } from '../../infra/postgres/postgres-home.ts';
import { startPostgres } from '../../infra/postgres/embedded-postgres.ts';
import { ensureTemporalCli } from '../../infra/temporal/temporal-cli.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/run.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A real PostgreSQL; each test file makes databases of its own on it. */
    readonly postgresUrl: string;
    /** A real Temporal dev server with the search attributes, `host:port`. */
    readonly temporalAddress: string;
  }
}

/** Starts a real PostgreSQL and a real Temporal once for the whole test run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stateDir = mkdtempSync(join(tmpdir(), 'stockcast-tests-'));
  const { path } = await ensureTemporalCli({ say: (line) => console.error(line) });
  const [postgres, temporal] = await Promise.all([
    freePort(0).then((port) => startPostgres({ stateDir, port })),
    TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path },
        searchAttributes: SEARCH_ATTRIBUTES.map((name) => ({ name, type: 'KEYWORD' as const })),
      },
    }),
  ]);
  project.provide('postgresUrl', postgres.url);
  project.provide('temporalAddress', temporal.address);
  return async () => {
    await temporal.teardown();
    await postgres.stop();
    removePostgres(stateDir);
    rmSync(stateDir, { recursive: true, force: true });
  };
}
