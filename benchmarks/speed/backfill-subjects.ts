import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';
import { BACKFILL, type BackfillInput, type BackfillProgress, partitionSessions } from '../../domain/backfill.ts';
import { PROGRESS_QUERY, QUEUES, SEARCH_ATTRIBUTES } from '../../domain/run.ts';
import { ensureTemporalCli } from '../../infra/temporal/temporal-cli.ts';
import { PROMPT_DISPATCH } from '../../infra/temporal/temporal-server.ts';
import { OURSELVES } from '../figure.ts';
import type { MemorySample } from '../memory.ts';
import type { BatchesInput } from './backfill-workflows.ts';

/** The loop without a sliding window. */
export const BATCHES = 'children in batches';
/** How long a stubbed training may take: most are short and a few are long, as in life. */
export const LONGEST_MS = 5000;

const WORKER = fileURLToPath(new URL('./backfill-worker.ts', import.meta.url));
const WORKFLOWS = fileURLToPath(new URL('./backfill-workflows.ts', import.meta.url));
/** Seldom enough that asking costs nothing beside the work. */
const SAMPLE_MS = 5000;

/** How many partitions to make of a hundred tickers, and how many at a time. */
export interface Load {
  readonly partitions: number;
  readonly inFlight: number;
}

/** What a run of so many partitions took. */
export interface Measurement {
  readonly seconds: number;
  /** Resident memory of the worker process in MB with the share of partitions that had ended, every few seconds. */
  readonly memory: readonly MemorySample[];
  /** Events of the longest history of all executions, children included. */
  readonly longestHistory: number;
  /** Executions of the parent. */
  readonly executions: number;
}

/** A Temporal dev server and a worker process of one's own, with training stubbed out. */
export class BackfillGround {
  readonly #environment: TestWorkflowEnvironment;
  readonly #worker: ChildProcess;
  readonly #dir: string;

  private constructor(environment: TestWorkflowEnvironment, worker: ChildProcess, dir: string) {
    this.#environment = environment;
    this.#worker = worker;
    this.#dir = dir;
  }

  /** A server whose state is in a file, as that of `npm start`. */
  static async open(say: (text: string) => void): Promise<BackfillGround> {
    const { path } = await ensureTemporalCli({ say });
    const dir = mkdtempSync(join(tmpdir(), 'stockcast-bench-backfill-'));
    const bundle = join(dir, 'workflows.js');
    const logger = new DefaultLogger('WARN');
    writeFileSync(bundle, (await bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger })).code);
    const environment = await TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path },
        dbFilename: join(dir, 'temporal.db'),
        log: { format: 'text', level: 'never' },
        extraArgs: ['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=OFF', ...PROMPT_DISPATCH],
        searchAttributes: SEARCH_ATTRIBUTES.map((name) => ({ name, type: 'KEYWORD' as const })),
      },
    });
    const { address, namespace = 'default' } = environment;
    const args = ['--import', 'tsx', WORKER, address, namespace, bundle, String(LONGEST_MS)];
    const worker = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: worker.stdout })) if (line === 'ready') break;
    return new BackfillGround(environment, worker, dir);
  }

  async close(): Promise<void> {
    const exited = once(this.#worker, 'exit');
    this.#worker.kill('SIGKILL');
    await exited;
    await this.#environment.teardown();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Makes partitions of a hundred tickers under a name of their own. */
  async measure(subject: string, name: string, { partitions, inFlight }: Load): Promise<Measurement> {
    const { client } = this.#environment;
    const context = { tenant: name, principal: 'bench' };
    const tickers = Array.from({ length: 100 }, (_, i) => `T${i}`);
    const sessions = partitionSessions({ from: '2000-01-03', to: '2012-12-31' }).slice(0, partitions / tickers.length);
    const scope = { from: sessions[0]!, to: sessions.at(-1)! };
    const input: BackfillInput = { version: 1, context, tickers, ...scope, maxInFlight: inFlight };
    const bare: BatchesInput = { context, tickers, sessions, batch: inFlight, next: 0 };
    const [type, args] = subject === OURSELVES ? [BACKFILL, [input]] : ['batches', [bare]];
    const workflowId = `backfill/${name}/bench`;
    const started = performance.now();
    const handle = await client.workflow.start(type, { workflowId, taskQueue: QUEUES.orchestration, args });
    const memory: MemorySample[] = [];
    let ended: number | undefined;
    const result = handle.result().finally(() => (ended = performance.now()));
    while (ended === undefined) {
      const share = subject === OURSELVES ? await shareDone(client, workflowId) : 0;
      memory.push({ share, mb: this.#residentMb() });
      await Promise.race([sleep(SAMPLE_MS), result]);
    }
    await result;
    return { seconds: (ended - started) / 1000, memory, ...(await histories(client, workflowId, name, partitions)) };
  }

  #residentMb(): number {
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(this.#worker.pid)], { encoding: 'utf8' })) / 1024;
  }
}

async function shareDone(client: Client, workflowId: string): Promise<number> {
  const { counts, total } = await client.workflow.getHandle(workflowId).query<BackfillProgress>(PROGRESS_QUERY);
  if (counts.failed > 0) throw new Error(`${counts.failed} stubbed partitions failed`);
  return total === 0 ? 0 : (counts.made + counts.standing) / total;
}

/** The server lists what has ended a moment later. */
async function histories(client: Client, workflowId: string, tenant: string, partitions: number) {
  const query = `(WorkflowId = '${workflowId}' OR WorkflowId STARTS_WITH 'train/${tenant}/') AND ExecutionStatus != 'Running'`;
  for (;;) {
    const lengths: number[] = [];
    let executions = 0;
    let children = 0;
    for await (const run of client.workflow.list({ query, pageSize: 1000 })) {
      lengths.push(run.historyLength);
      if (run.workflowId === workflowId) executions++;
      else children++;
    }
    if (children === partitions) return { longestHistory: Math.max(...lengths), executions };
    await sleep(SAMPLE_MS);
  }
}
