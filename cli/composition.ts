import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { codeVersion } from '../config/code-version.ts';
import { type Config, loadConfig } from '../config/config.ts';
import { PROJECT_DIR } from '../config/project-dir.ts';
import { systemClock } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import { REAL_STATE_DIR, StackState } from '../infra/stack/stack-state.ts';
import type { Stack } from '../infra/stack/stack.ts';
import type { Services } from '../serving/services.ts';
import type { openStores } from '../stores/open-stores.ts';
import type { TemporalGateway } from '../serving/temporal-gateway.ts';
import { listenForInterruption } from './interruption.ts';
import { Output, type TextStream } from './output.ts';
import type { Interruption, Parts } from './parts.ts';

/** The process that the command line runs in. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly process: NodeJS.EventEmitter & { exit(code: number): never; exitCode?: number | string | null | undefined };
}

/**
 * Puts the commands' parts together. Modules that are heavy or open something are loaded at first use, so that `--help`
 * is quick; the configuration is read anew each time, since a stack that `up` starts changes the addresses.
 */
export function composeParts({ env: given, cwd, stdout, stderr, process }: Surroundings): Parts {
  let env = given;
  let services: { value: Services; stores: ReturnType<typeof openStores> } | undefined;
  let temporal: TemporalGateway | undefined;
  let interruption: Interruption | undefined;
  let stack: Stack | undefined;
  const config = () => loadConfig(env, cwd, stackInUse);
  const say = (line: string) => stderr.write(`${line}\n`);
  const openServices = async () => {
    if (services === undefined) {
      const settings = withDatabase(config());
      const [{ openStores }, { createServices }] = await Promise.all([
        import('../stores/open-stores.ts'),
        import('../serving/services.ts'),
      ]);
      const stores = openStores(settings);
      const value = createServices(stores, codeVersion(PROJECT_DIR), settings.gate, settings.prices);
      if (settings.onRestatement === 'retrain') {
        value.alarm.retrainBy(async (context, id) => {
          const { retrainRestated } = await import('../serving/retrain-restated.ts');
          return retrainRestated(value, await openTemporal(), context, id, settings);
        });
      }
      services = { value, stores };
    }
    return services;
  };
  const openTemporal = async () => {
    if (temporal === undefined) {
      const settings = withTemporal(config());
      const { TemporalGateway } = await import('../serving/temporal-gateway.ts');
      temporal = new TemporalGateway(settings.temporal);
    }
    return temporal;
  };

  return {
    settings: config,
    context: () => ({ tenant: config().tenant, principal: config().principal, clock: systemClock }),
    services: async () => (await openServices()).value,
    temporal: openTemporal,
    mlflow: async () => {
      const { mlflow } = config();
      if (mlflow === undefined) {
        throw new StockcastError('CONFIG_INVALID', { problems: 'no MLflow is named: set MLFLOW_TRACKING_URI' });
      }
      const [{ value, stores }, gateway, { openFollower }, { temporalPipelines }] = await Promise.all([
        openServices(),
        openTemporal(),
        import('../serving/mlflow/open-follower.ts'),
        import('../serving/mlflow/pipeline-lookup.ts'),
      ]);
      const pipelineOf = temporalPipelines(gateway);
      return openFollower(mlflow, { services: value, database: stores.database, pipelineOf, say });
    },
    trainingPool: async () => {
      const { ThreadedTrainingPool } = await import('../workers/threaded-training-pool.ts');
      return new ThreadedTrainingPool(config().trainingSlots);
    },
    close: async () => {
      const [open, gateway] = [services, temporal];
      services = undefined;
      temporal = undefined;
      await gateway?.close();
      await open?.stores.close();
    },
    output: ({ json }) => new Output(stdout, stderr, json === true),
    complain: ({ code, message }) => say(`error ${code}: ${message}`),
    note: say,
    exitWith: (code) => {
      process.exitCode = code;
    },
    interruption: () => {
      interruption ??= listenForInterruption(process, () => {
        say('ending at once');
        for (const { pid } of stack?.processes ?? []) endGroup(pid);
      });
      return interruption;
    },
    sample: {
      pricesPath: join(PROJECT_DIR, 'data', 'sample', 'prices.csv'),
      eventsPath: join(PROJECT_DIR, 'data', 'sample', 'events.csv'),
    },
    runWorker: async (queues) => {
      const settings = withTemporal(withDatabase(config()));
      const { runWorker } = await import('../workers/main.ts');
      await runWorker(settings, queues);
    },
    runApi: async () => {
      const settings = withDatabase(config());
      const { runApi } = await import('../api/server.ts');
      await runApi(settings);
    },
    temporalTarget: () => withTemporal(config()).temporal,
    diagnose: async () => {
      const { diagnose } = await import('../infra/doctor.ts');
      const findings = await diagnose(env, cwd);
      // A configuration that cannot be read is among what was found.
      if (findings.some(({ part }) => part === 'Configuration') || !hasTemporal(config())) return findings;
      const { taskQueueFindings } = await import('./task-queue-findings.ts');
      return [...findings, ...(await taskQueueFindings(await openTemporal()))];
    },
    externalTemporal: () => config().external.temporal,
    ensureTemporalCli: async ({ say: tell, signal }) => {
      const { ensureTemporalCli } = await import('../infra/temporal/temporal-cli.ts');
      return (await ensureTemporalCli({ say: tell, signal })).path;
    },
    useRealServices: () => {
      env = { ...given, STOCKCAST_STATE_DIR: given.STOCKCAST_STATE_DIR || REAL_STATE_DIR };
    },
    startStack: async ({ say: tell, signal, real = false }) => {
      const { startStack } = await import('../infra/stack/stack.ts');
      stack = await startStack({ env, cwd, say: tell, signal, real });
      return stack;
    },
    forgetState: async () => {
      const { forgetState } = await import('../infra/stack/stack.ts');
      await forgetState(config().stateDir);
    },
    runProgram: (path, args, variables) =>
      new Promise((resolve, reject) => {
        const child = spawn(path, args, { stdio: 'inherit', env: { ...env, ...variables } });
        child.once('error', reject);
        child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
      }),
  };
}

// An address that is only written down is not enough: what a killed stack has left may be somebody else's by now.
function stackInUse(stateDir: string) {
  return new StackState(stateDir).inUse();
}

/** @throws StockcastError STACK_NOT_RUNNING */
function withDatabase(config: Config): Config {
  if (config.database.url !== undefined) return config;
  throw notRunning(config, 'DATABASE_URL');
}

/** @throws StockcastError STACK_NOT_RUNNING */
function withTemporal(config: Config): Config {
  if (hasTemporal(config)) return config;
  throw notRunning(config, 'TEMPORAL_ADDRESS');
}

function hasTemporal({ external, stateDir }: Config): boolean {
  return external.temporal || stackInUse(stateDir)?.temporal !== undefined;
}

function notRunning({ stateDir }: Config, setting: string): StockcastError {
  return new StockcastError('STACK_NOT_RUNNING', { stateDir, setting });
}

// Each part leads a process group of its own, which holds what it has started itself.
function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
