import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, type WorkflowBundle, bundleWorkflowCode } from '@temporalio/worker';
import { sourcesHash } from '../config/code-version.ts';
import { PROJECT_DIR } from '../config/project-dir.ts';
import { withFolderLock } from '../infra/setup/folder-lock.js';

/** The file that exports every workflow. */
export const WORKFLOWS_PATH = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));

const TRACING_PATH = fileURLToPath(new URL('../workflows/tracing-interceptors.ts', import.meta.url));
const SOURCES = ['workflows', 'domain', 'package-lock.json'];
const CACHE_DIR = join(PROJECT_DIR, 'node_modules', '.cache', 'stockcast', 'workflows');

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
 * The bundle of these sources, made at most once on a machine and kept with the compiled program: making it costs more
 * than the rest of a worker's start. Where this user may not write there, it is made for this process alone.
 */
export function keptWorkflowBundle(options: BundleOptions = {}): Promise<WorkflowBundle> {
  return keptBundle({ variant: options.traced === true ? 'traced' : 'plain' }, () => bundleWorkflows(options));
}

/** Which bundle, of what, and where it is kept. */
export interface KeptBundle {
  readonly variant: string;
  readonly sources?: string;
  readonly dir?: string;
}

/** The bundle that was kept, else a new one, which is kept in place of those of other sources. */
export async function keptBundle(
  { variant, sources = sourcesHere(), dir = CACHE_DIR }: KeptBundle,
  make: () => Promise<WorkflowBundle>,
): Promise<WorkflowBundle> {
  const path = join(dir, `${sources}-${variant}.js`);
  const found = readIfThere(path);
  if (found !== undefined) return { code: found };
  let made: WorkflowBundle | undefined;
  try {
    return await withFolderLock(`${path}.lock`, {}, async () => {
      const meanwhile = readIfThere(path);
      if (meanwhile !== undefined) return { code: meanwhile };
      made = await make();
      for (const old of readdirSync(dir).filter((name) => name.endsWith('.js') && !name.startsWith(sources))) {
        rmSync(join(dir, old), { force: true });
      }
      writeFileSync(`${path}.unfinished`, made.code);
      renameSync(`${path}.unfinished`, path);
      return made;
    });
  } catch (error) {
    if (!['EACCES', 'EROFS', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return made ?? make();
  }
}

/** Of what goes into the bundle, and of where it lies: the bundle tells positions in its sources. */
function sourcesHere(): string {
  const hash = createHash('sha256').update(PROJECT_DIR);
  return hash.update(sourcesHash(PROJECT_DIR, SOURCES)).digest('hex').slice(0, 16);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
