import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, type WorkflowBundle, bundleWorkflowCode } from '@temporalio/worker';

/** The file that exports every workflow. */
export const WORKFLOWS_PATH = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));

const TRACING_PATH = fileURLToPath(new URL('../workflows/tracing-interceptors.ts', import.meta.url));
const KEPT = 'workflows-';

/** How workflows are bundled. */
export interface BundleOptions {
  /** Whether they make spans, for which their worker needs tracing, too. */
  readonly traced?: boolean;
}

/**
 * Bundles the workflows for Temporal's sandbox.
 * @throws Error when a workflow reaches for something that the sandbox does not have, such as a Node built-in
 */
export function bundleWorkflows({ traced = false }: BundleOptions = {}): Promise<WorkflowBundle> {
  return bundleWorkflowCode({
    workflowsPath: WORKFLOWS_PATH,
    ...(traced ? { workflowInterceptorModules: [TRACING_PATH] } : {}),
    logger: new DefaultLogger('WARN'),
  });
}

/**
 * The bundle that was kept in `dir` for the same sources, else a new one, which is kept in place of older ones: making
 * it costs more than the rest of a worker's start. `sources` is a hash of what goes into it.
 */
export async function keptWorkflowBundle(
  dir: string,
  sources: string,
  options: BundleOptions = {},
): Promise<WorkflowBundle> {
  const name = `${KEPT}${sources}${options.traced === true ? '-traced' : ''}.js`;
  try {
    return { code: readFileSync(join(dir, name), 'utf8') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const bundle = await bundleWorkflows(options);
  mkdirSync(dir, { recursive: true });
  for (const old of readdirSync(dir).filter((entry) => entry.startsWith(KEPT))) rmSync(join(dir, old), { force: true });
  const unfinished = join(dir, `unfinished-${process.pid}.js`);
  writeFileSync(unfinished, bundle.code);
  renameSync(unfinished, join(dir, name));
  return bundle;
}
