import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  type FoundProgram,
  type GoProgram,
  type SetUpOptions,
  ensureProgram,
  findProgram,
  run,
} from '../go-program.ts';

/** The version of the Temporal CLI, whose dev server and Web UI the local stack runs. */
export const TEMPORAL_CLI_VERSION = '1.5.1';
/** What a build of that version says of its server; one built by go install does not know its own version. */
const SERVER_VERSION = '1.29.1';
const DOWNLOAD_MS = 10 * 60_000;

const TEMPORAL_CLI: GoProgram = {
  name: 'temporal',
  version: TEMPORAL_CLI_VERSION,
  module: `github.com/temporalio/cli/cmd/temporal@v${TEMPORAL_CLI_VERSION}`,
  title: 'the Temporal dev server',
  purpose: 'runs the workflows and their Web UI',
  part: 'Temporal CLI',
  isPinned: (printed) =>
    printed.includes(` ${TEMPORAL_CLI_VERSION} `) ||
    (printed.includes('DEV') && printed.includes(`Server ${SERVER_VERSION}`)),
};

/** The pinned Temporal CLI where it is there already: on PATH, or in the user's cache. */
export function findTemporalCli(): Promise<FoundProgram | undefined> {
  return findProgram(TEMPORAL_CLI);
}

/**
 * Finds the pinned Temporal CLI or makes it: built with Go where there is one, else downloaded by Temporal's own SDK.
 * @throws StockcastError STACK_FAILED saying what to install, when nothing works
 */
export function ensureTemporalCli(options: SetUpOptions): Promise<FoundProgram> {
  return ensureProgram(TEMPORAL_CLI, options, {
    makers: [downloadBySdk],
    advice: `Install Go (https://go.dev/dl) or the Temporal CLI ${TEMPORAL_CLI_VERSION} (https://docs.temporal.io/cli) and start again, or set TEMPORAL_ADDRESS to a Temporal of your own`,
  });
}

// In a process of its own: the SDK waits without end for a server or a proxy that takes the connection and stays
// silent, and cannot be called off.
const DOWNLOAD = `const { TestWorkflowEnvironment } = require(process.argv[1]);
  const executable = { type: 'cached-download', downloadDir: process.argv[2], version: process.argv[3] };
  TestWorkflowEnvironment.createLocal({ server: { executable } }).then((environment) => environment.teardown())
    .catch((error) => { console.error(error.message); process.exit(1); });`;

async function downloadBySdk(dir: string, { say, signal }: SetUpOptions): Promise<string> {
  say(`downloading the Temporal dev server ${TEMPORAL_CLI_VERSION} with Temporal's own SDK, once per user`);
  const limit = AbortSignal.timeout(DOWNLOAD_MS);
  try {
    const sdk = createRequire(import.meta.url).resolve('@temporalio/testing');
    const args = ['-e', DOWNLOAD, sdk, dir, `v${TEMPORAL_CLI_VERSION}`];
    const either = signal === undefined ? limit : AbortSignal.any([signal, limit]);
    // The SDK keeps a polite signal to itself.
    await run(process.execPath, args, process.env, { signal: either, killSignal: 'SIGKILL' });
    const file = readdirSync(dir)
      .map((name) => join(dir, name))
      .find((path) => statSync(path).isFile());
    if (file === undefined) throw new Error('no file arrived');
    return file;
  } catch (error) {
    const problem = limit.aborted ? `it was not done after ${DOWNLOAD_MS / 60_000} minutes` : (error as Error).message;
    throw new Error(`the download failed: ${problem}`, { cause: error });
  }
}
