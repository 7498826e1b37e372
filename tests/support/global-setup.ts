import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { TestProject } from 'vitest/node';
import { freePort } from '../../infra/free-port.ts';
import { removePostgres } from '../../infra/postgres/postgres-home.ts';
import { startPostgres } from '../../infra/postgres/embedded-postgres.ts';
import { ensureTemporalCli } from '../../infra/temporal/temporal-cli.ts';
import { PROMPT_DISPATCH } from '../../infra/temporal/temporal-server.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/run.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A real PostgreSQL; each test file makes databases of its own on it. */
    readonly postgresUrl: string;
    /** A real Temporal dev server with the search attributes, `host:port`. */
    readonly temporalAddress: string;
  }
}

const STATE = 'stockcast-tests-';

/** Starts a real PostgreSQL and a real Temporal once for the whole test run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeKilledRuns();
  const stateDir = mkdtempSync(join(tmpdir(), `${STATE}${process.pid}-`));
  const end = async () => {
    // Ends it, too.
    await removePostgres(stateDir);
    rmSync(stateDir, { recursive: true, force: true });
  };
  try {
    const { path } = await ensureTemporalCli({ say: (line) => console.error(line) });
    const [postgres, temporal] = await Promise.all([
      // Nothing here has to survive the machine.
      freePort(0).then((port) => startPostgres({ stateDir, port, settings: { fsync: 'off' } })),
      TestWorkflowEnvironment.createLocal({
        server: {
          executable: { type: 'existing-path', path },
          extraArgs: [...PROMPT_DISPATCH],
          searchAttributes: SEARCH_ATTRIBUTES.map((name) => ({ name, type: 'KEYWORD' as const })),
        },
      }),
    ]);
    project.provide('postgresUrl', postgres.url);
    project.provide('temporalAddress', temporal.address);
    return async () => {
      await temporal.teardown();
      await end();
    };
  } catch (error) {
    await end();
    throw error;
  }
}

// A test run that was killed leaves its PostgreSQL running.
async function removeKilledRuns(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${STATE}(\\d+)-`).exec(name)?.[1];
    const path = join(tmpdir(), name);
    if (
      pid === undefined ||
      isAlive(Number(pid)) ||
      statSync(path, { throwIfNoEntry: false })?.uid !== process.getuid?.()
    )
      continue;
    await removePostgres(path);
    rmSync(path, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
