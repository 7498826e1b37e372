import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { codeVersion } from '../../config/code-version.ts';
import { SETTINGS } from '../../config/settings.ts';
import { PROJECT_DIR } from '../../config/project-dir.ts';
import { type Context, systemClock } from '../../domain/context.ts';
import { freePort } from '../../infra/free-port.ts';
import { killGroup, stillRuns } from '../../infra/stack/process-identity.ts';
import { StackState } from '../../infra/stack/stack-state.ts';
import { type Stack, forgetState, startStack } from '../../infra/stack/stack.ts';
import { canonicalProjection } from '../../serving/canonical-projection.ts';
import type { TrainingWish } from '../../serving/planning.ts';
import { describeRun, startUniverseTraining } from '../../serving/runs.ts';
import { createServices } from '../../serving/services.ts';
import { takeInPrices } from '../../serving/take-in-prices.ts';
import { TemporalGateway } from '../../serving/temporal-gateway.ts';
import { openStores } from '../../stores/open-stores.ts';
import { samplePrices, withFile } from '../support/test-universe.ts';
import { crookedness, differences } from './findings.ts';
import { type Kill, VICTIMS, killPlan } from './kill-plan.ts';
import { PatientClient, patiently } from './patient-client.ts';

const POLL_MS = 25;
/** What died lately is started again after a longer pause, a quarter of a second at first. */
const SUPERVISION = { maxRestarts: 8, windowMs: 20_000 };

const DISTURBED: Context = { tenant: 'default', principal: 'chaos', clock: systemClock };
const UNDISTURBED: Context = { ...DISTURBED, tenant: 'undisturbed' };

/** What is trained while processes are killed, and how many of them are. */
export interface ChaosOptions {
  /** Decides who is killed and when. */
  readonly seed: number;
  readonly kills: number;
  readonly tickers: readonly string[];
  /** How many of the newest sessions of each ticker are known. */
  readonly sessions: number;
  readonly wish: TrainingWish & Required<Pick<TrainingWish, 'horizons' | 'kinds' | 'parameters'>>;
  /** Ends it early; what it has started is stopped in any case. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Leaves the folder of the stack, with its logs, for whoever looks for the cause of a finding. */
  readonly keep?: boolean;
}

/** What came of it. */
export interface ChaosOutcome {
  /** The kills that fell into the run. */
  readonly killed: readonly { readonly victim: string; readonly progress: number }[];
  /** How often the client had to ask again. */
  readonly retries: number;
  /** How many models, evaluations, certificates, promotions and forecasts the run entered. */
  readonly entries: number;
  /** Whatever is not as it should be. */
  readonly findings: readonly string[];
}

/**
 * Boots a local stack of its own, makes an undisturbed run of a universe in one tenant, and the same run over HTTP in
 * another while its processes are killed and started again; then compares what the two brought, value by value.
 */
export async function chaosRun(options: ChaosOptions): Promise<ChaosOutcome> {
  const stateDir = mkdtempSync(join(tmpdir(), 'stockcast-chaos-'));
  const givenUp = new AbortController();
  const signal = AbortSignal.any([givenUp.signal, options.signal]);
  // Ports that no other stack on this machine takes while one of these processes is away.
  const ports: number[] = [];
  for (let i = 0; i < 4; i++) ports.push(await freePort(20_000 + Math.floor(Math.random() * 10_000), new Set(ports)));
  const [api, temporal, temporalUi, postgres] = ports as [number, number, number, number];
  new StackState(stateDir).keepPorts({ api, temporal, temporalUi, postgres });
  // The settings of whoever asks would disturb one of the runs, or both.
  const others = Object.entries(process.env).filter(([name]) => !Object.hasOwn(SETTINGS, name));
  const env = { ...Object.fromEntries(others), STOCKCAST_STATE_DIR: stateDir, STOCKCAST_RATE_LIMIT: '0' };
  let stack: Stack | undefined;
  try {
    stack = await startStack({ env, cwd: stateDir, say: options.say, signal, supervision: SUPERVISION });
    void stack.failed.then((reason) => givenUp.abort(reason));
    return await bothRuns(stack, options, signal);
  } catch (error) {
    // What was under way says only that it was called off, and not why.
    signal.throwIfAborted();
    throw error;
  } finally {
    await stack?.stop();
    if (options.keep) {
      options.say(`logs and data are kept in ${stateDir}`);
    } else {
      await forgetState(stateDir);
      rmSync(stateDir, { recursive: true, force: true });
    }
  }
}

async function bothRuns(stack: Stack, options: ChaosOptions, signal: AbortSignal): Promise<ChaosOutcome> {
  const { tickers, wish, say } = options;
  const { addresses } = stack;
  const { databaseUrl, objectsDir } = addresses;
  const stores = openStores({ database: { url: databaseUrl, poolSize: 3, statementTimeoutMs: 30_000 }, objectsDir });
  const services = createServices(stores, codeVersion(PROJECT_DIR));
  const gateway = new TemporalGateway({
    address: addresses.temporal,
    namespace: addresses.temporalNamespace ?? 'default',
    uiUrl: undefined,
  });
  const projection = (context: Context) => patiently(() => canonicalProjection(services, context), signal);
  const entries = ({ tenant }: Context) =>
    patiently(async () => {
      const { rows } = await stores.database.run((db) =>
        sql<{ n: number }>`
          select ((select count(*) + count(evaluation) + count(certificate_id) from model where tenant = ${tenant})
            + (select count(*) from promotion where tenant = ${tenant})
            + (select count(*) from forecast where tenant = ${tenant}))::int as n`.execute(db),
      );
      return rows[0]!.n;
    }, signal);

  try {
    for (const context of [UNDISTURBED, DISTURBED]) {
      await withFile(samplePrices(tickers, options.sessions), (pricesPath) =>
        takeInPrices(services, context, {
          ...{ pricesPath, pricesName: 'universe.csv', onBadRow: 'refuse', adjustSplits: false },
        }),
      );
    }
    const quiet = await startUniverseTraining(services, gateway, UNDISTURBED, { tickers, maxInFlight: 4 }, wish);
    for (;;) {
      const { status } = await describeRun(gateway, UNDISTURBED, quiet.run_id);
      if (status === 'completed') break;
      if (status !== 'running') throw new Error(`the undisturbed run ended as ${status}`);
      await sleep(POLL_MS, undefined, { signal });
    }
    const total = await entries(UNDISTURBED);
    const expected = await projection(UNDISTURBED);
    say(`undisturbed run: ${total} entries; now the same with ${options.kills} kills, seed ${options.seed}`);

    const over = new AbortController();
    const progress = async () => (await entries(DISTURBED)) / total;
    const plan = killPlan(options.seed, options.kills);
    const killing = killAll(stack, plan, progress, { over: over.signal, signal, say });
    // Whatever goes wrong there is thrown below, unless something else was thrown before.
    killing.catch(() => {});
    const client = new PatientClient(addresses.api, signal);
    const findings: string[] = [];
    let closedAt = Infinity;
    try {
      const request = { tickers, ...wish };
      const { run_id } = await client.train(request);
      const view = await client.ended(run_id);
      closedAt = Date.parse(view.closed_at!);
      if (view.status === 'completed') {
        // Whoever did not hear of its end asks again, and must not start anything.
        const again = await client.train(request);
        if (again.run_id !== run_id || again.status === 'running') findings.push('asked for again, it was made again');
      } else {
        findings.push(`the run ended as ${view.status}: ${JSON.stringify(view.failure)}`);
      }
    } finally {
      over.abort();
      if (client.newest?.status === 'running') say(`the run did not end: ${JSON.stringify(client.newest)}`);
    }
    const killed = (await killing).filter(({ at }) => at < closedAt);
    for (const victim of VICTIMS) {
      if (!killed.some((kill) => kill.victim === victim))
        findings.push(`${victim} was not killed before the run's end`);
    }
    findings.push(...differences(await projection(DISTURBED), expected));
    findings.push(...differences(await projection(UNDISTURBED), expected).map((line) => `undisturbed: ${line}`));
    const universe = { tickers, horizons: wish.horizons };
    findings.push(...(await patiently(() => crookedness(services, DISTURBED, universe), signal)));
    return { killed, retries: client.retries, entries: await entries(DISTURBED), findings };
  } finally {
    await gateway.close();
    await stores.close();
  }
}

interface Watch {
  /** Aborts when the run has ended. */
  readonly over: AbortSignal;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Kills by plan until the run is over; one who is away just then is killed as soon as it is back. */
async function killAll(stack: Stack, plan: readonly Kill[], progress: () => Promise<number>, watch: Watch) {
  const killed: { victim: string; progress: number; at: number }[] = [];
  for (const { victim, at, pauseMs } of plan) {
    let done = await progress();
    while (done < at && !watch.over.aborted) {
      await sleep(POLL_MS, undefined, { signal: watch.signal });
      done = await progress();
    }
    await sleep(pauseMs, undefined, { signal: watch.signal });
    let target = stack.processes.find(({ name }) => name === victim);
    while ((target === undefined || !stillRuns(target)) && !watch.over.aborted) {
      await sleep(POLL_MS, undefined, { signal: watch.signal });
      target = stack.processes.find(({ name }) => name === victim);
    }
    if (watch.over.aborted || target === undefined) break;
    killGroup(target);
    killed.push({ victim, progress: done, at: Date.now() });
    watch.say(`at ${Math.round(done * 100)}% of the run: killed ${victim} (process ${target.pid})`);
  }
  return killed;
}
