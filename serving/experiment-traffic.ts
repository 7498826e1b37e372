import type { Context } from '../domain/context.ts';
import { type RunningLine, isChallenged } from '../domain/experiment.ts';
import type { Forecast } from '../domain/forecast.ts';
import type { Horizon } from '../domain/horizon.ts';
import type { ChangeListener } from '../stores/changes/changes.ts';
import { newestForecast } from './forecasting.ts';
import type { Services } from './services.ts';

/** What the answer says of the experiment that it was given in. */
export interface ExperimentArm {
  readonly id: string;
  readonly arm: 'champion' | 'challenger';
}

/** A running experiment on one ticker and horizon, as those who answer requests need it. */
interface Traffic {
  readonly line: RunningLine;
  /** The same object for each answer, so that answers can be written down once. */
  readonly champion: ExperimentArm;
  readonly challenger: ExperimentArm;
}

/** What forecasts behind the answers came to. */
export interface ShadowCounts {
  readonly made: number;
  readonly failed: number;
  /** Left out because too many waited; made up for at the next request or judgement. */
  readonly skipped: number;
}

const AT_A_TIME = 2;
const MOST_WAITING = 1000;
/** A model that cannot forecast is not asked again at each request. */
const PAUSE_MS = 60_000;

/**
 * The experiments that run, held in memory, so that a request costs one look into a map; read again when something
 * changed. Forecasts of the other model are made behind the answers, one for each session, a few at a time.
 */
export class ExperimentTraffic implements ChangeListener {
  readonly #services: Services;
  readonly #onTrouble: (error: unknown, line?: RunningLine) => void;
  #lines: ReadonlyMap<string, Traffic> = new Map();
  #reading: Promise<void> | undefined;
  #isOutdated = false;
  /** By experiment and ticker: the session that both have forecast, or that is under way, and when it may be tried again. */
  readonly #shadowed = new Map<string, { readonly session: string; readonly again: number }>();
  readonly #waiting: (() => Promise<void>)[] = [];
  #working = 0;
  #counts = { made: 0, failed: 0, skipped: 0 };

  /** @param onTrouble told of what went wrong where nobody waits for it: with the line, a shadow forecast */
  constructor(services: Services, onTrouble: (error: unknown, line?: RunningLine) => void) {
    this.#services = services;
    this.#onTrouble = onTrouble;
  }

  get counts(): ShadowCounts {
    return this.#counts;
  }

  /** Whether any experiment runs. */
  get isRunning(): boolean {
    return this.#lines.size > 0;
  }

  /** Whether forecasts are being made behind answers, or wait for it. */
  get isBusy(): boolean {
    return this.#working > 0;
  }

  changed(): void {
    void this.refresh();
  }

  hearing(): void {
    void this.refresh();
  }

  // What ran goes on until more is heard.
  lost(): void {}

  /** Reads again what runs; what changes meanwhile is read once more. Never fails: what is known stays. */
  refresh(): Promise<void> {
    this.#isOutdated = true;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    while (this.#isOutdated) {
      this.#isOutdated = false;
      try {
        const lines = await this.#services.experiments.runningLines();
        this.#lines = new Map(lines.map((line) => [placeOf(line.tenant, line.ticker, line.horizon), trafficOf(line)]));
        const known = new Set(lines.map(nameOf));
        for (const name of this.#shadowed.keys()) if (!known.has(name)) this.#shadowed.delete(name);
      } catch (error) {
        this.#onTrouble(error);
      }
    }
  }

  /** Which model a request for the promoted one is answered by; undefined where no experiment splits them. */
  armFor({ tenant }: Context, ticker: string, horizon: Horizon, requestId: string) {
    const traffic = this.#lines.get(placeOf(tenant, ticker, horizon));
    if (traffic?.line.split === undefined) return undefined;
    const { line, champion, challenger } = traffic;
    const key = traffic.line.split.by === 'ticker' ? ticker : requestId;
    const isIt = isChallenged(line.experimentId, key, traffic.line.split);
    return { experiment: isIt ? challenger : champion, champion, modelId: isIt ? line.challenger.modelId : undefined };
  }

  /** Has the other model of a running experiment forecast the same session, behind the answer and once. */
  given(context: Context, { ticker, horizon, modelId, originSession }: Forecast): void {
    const line = this.#lines.get(placeOf(context.tenant, ticker, horizon))?.line;
    if (line === undefined) return;
    if (modelId !== line.champion.modelId && modelId !== line.challenger.modelId) return;
    const name = nameOf(line);
    const before = this.#shadowed.get(name);
    if (before?.session === originSession && performance.now() < before.again) return;
    if (this.#waiting.length >= MOST_WAITING) {
      this.#counts.skipped++;
      return;
    }
    this.#shadowed.set(name, { session: originSession, again: Number.POSITIVE_INFINITY });
    this.#waiting.push(async () => {
      try {
        for (const each of [line.champion, line.challenger]) {
          await newestForecast(this.#services, context, { ticker, horizon, modelId: each.modelId });
        }
        this.#counts.made++;
      } catch (error) {
        this.#counts.failed++;
        this.#shadowed.set(name, { session: originSession, again: performance.now() + PAUSE_MS });
        this.#onTrouble(error, line);
      }
    });
    if (this.#working < AT_A_TIME) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working++;
    // Not before the answer has gone out.
    await new Promise((resolve) => setImmediate(resolve));
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) await next();
    this.#working--;
  }

  /** Notes that a challenger could not answer, so that the champion did. */
  failed(error: unknown, { tenant }: Context, ticker: string, horizon: Horizon): void {
    this.#counts.failed++;
    this.#onTrouble(error, this.#lines.get(placeOf(tenant, ticker, horizon))?.line);
  }
}

function trafficOf(line: RunningLine): Traffic {
  const id = line.experimentId;
  return { line, champion: { id, arm: 'champion' }, challenger: { id, arm: 'challenger' } };
}

function placeOf(tenant: string, ticker: string, horizon: Horizon): string {
  return `${tenant}/${ticker}/${horizon}`;
}

function nameOf({ tenant, experimentId, ticker }: RunningLine): string {
  return `${tenant}/${experimentId}/${ticker}`;
}
