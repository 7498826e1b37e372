import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  DelegateBackoff,
  TaskCancelledError,
  TimeoutStrategy,
  circuitBreaker,
  handleWhen,
  retry,
  timeout,
} from 'cockatiel';
import { StockcastError } from '../../domain/errors.ts';
import type { PriceSettings, SourceHealth } from '../../domain/price-source.ts';
import { type PriceSource, SourceFailure } from './price-source.ts';
import { RequestRate } from './request-rate.ts';

/** The longest that is waited between two attempts; a provider that asks for more is left alone for as long. */
const LONGEST_WAIT_MS = 10_000;

type Limits = Pick<PriceSettings, 'timeoutMs' | 'retries' | 'backoffMs' | 'rate' | 'breakerFailures' | 'breakerMs'>;

/** A source that is tried again, held back and left alone as the settings say, with how it has been doing. */
export interface ResilientSource extends PriceSource {
  health(): SourceHealth;
}

const BREAKER_STATES = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Isolated]: 'open',
} as const;

/**
 * Puts around a source, whichever it is: a rate of calls with a queue of ten seconds at most, a timeout per attempt, further attempts after exponentially
 * growing waits with full jitter or as long as the provider asks for, and a breaker that leaves a failing source alone
 * and lets single calls try it again. A call that ends without an answer throws SOURCE_UNAVAILABLE.
 * @param random uniform in [0, 1), for the jitter. Unseeded by default: processes that waited equally long would come
 *   back together
 */
export function resilient(source: PriceSource, limits: Limits, random: () => number = Math.random): ResilientSource {
  const { name } = source;
  const counts = { calls: 0, attempts: 0, failedAttempts: 0, failedCalls: 0, breakerOpened: 0 };
  const rate = new RequestRate(limits.rate);
  let lastError: string | undefined;
  let openUntil = 0;

  const mayPass = handleWhen((error) => error instanceof SourceFailure);
  const patient = handleWhen((error) => error instanceof SourceFailure && (error.retryAfterMs ?? 0) <= LONGEST_WAIT_MS);
  const breaker = circuitBreaker(mayPass, {
    halfOpenAfter: limits.breakerMs,
    breaker: new ConsecutiveBreaker(limits.breakerFailures),
  });
  breaker.onBreak(() => {
    counts.breakerOpened++;
    openUntil = Date.now() + limits.breakerMs;
  });
  const again = retry(patient, {
    maxAttempts: limits.retries,
    backoff: new DelegateBackoff<{ attempt: number; result: object }>(({ attempt, result }) => {
      const asked = 'error' in result && result.error instanceof SourceFailure ? result.error.retryAfterMs : undefined;
      const most = Math.min(LONGEST_WAIT_MS, limits.backoffMs * 2 ** (attempt - 1));
      return Math.max(asked ?? 0, random() * most);
    }),
  });
  const leftAlone = () => breaker.state === CircuitState.Open && Date.now() < openUntil;

  const attempt = async <T>(ask: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> => {
    counts.attempts++;
    try {
      const answer = await timeout(limits.timeoutMs, TimeoutStrategy.Aggressive).execute(
        (context) => ask(context.signal),
        signal,
      );
      lastError = undefined;
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof StockcastError) throw error;
      const failure = asFailure(error, limits.timeoutMs);
      counts.failedAttempts++;
      lastError = failure.message;
      if (failure.retryAfterMs !== undefined) rate.holdUntil(Date.now() + failure.retryAfterMs);
      throw failure;
    }
  };

  const retryAt = (): number => Math.max(breaker.state === CircuitState.Open ? openUntil : 0, rate.notBefore);

  const turn = async (signal: AbortSignal): Promise<void> => {
    do {
      if (leftAlone() || rate.notBefore - Date.now() > LONGEST_WAIT_MS) throw new BrokenCircuitError();
      const { waitMs } = rate;
      if (waitMs > LONGEST_WAIT_MS) {
        throw new SourceFailure(`too many calls wait for their turn (${limits.rate} a second)`, {
          retryAfterMs: waitMs,
        });
      }
      await rate.turn(signal);
      // The provider may have asked to be left alone while this call waited.
    } while (rate.notBefore > Date.now());
  };

  const call = async <T>(ask: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> => {
    counts.calls++;
    try {
      const tries = again.execute(async () => {
        await turn(signal);
        return breaker.execute(() => attempt(ask, signal));
      }, signal);
      // Waits between attempts do not end with the signal by themselves.
      return await untilAborted(tries, signal);
    } catch (error) {
      signal.throwIfAborted();
      const unavailable = error instanceof BrokenCircuitError || error instanceof SourceFailure;
      if (!unavailable) throw error;
      counts.failedCalls++;
      const askedMs = error instanceof SourceFailure ? (error.retryAfterMs ?? 0) : 0;
      const waitMs = Math.max(retryAt() - Date.now(), askedMs, 1000);
      const problem = error instanceof SourceFailure ? error.message : (lastError ?? 'it failed before');
      throw new StockcastError(
        'SOURCE_UNAVAILABLE',
        { source: name, problem, retryAfterSeconds: Math.ceil(waitMs / 1000) },
        { cause: error },
      );
    }
  };

  return {
    name,
    history: (ticker, from, to, signal) => call((inner) => source.history(ticker, from, to, inner), signal),
    quote: (ticker, signal) => call((inner) => source.quote(ticker, inner), signal),
    health: () => {
      const heldUntil = retryAt();
      return {
        name,
        breaker: BREAKER_STATES[breaker.state],
        ...(lastError === undefined ? {} : { lastError }),
        ...(heldUntil > Date.now() ? { retryAt: new Date(heldUntil).toISOString() } : {}),
        counts: { ...counts },
      };
    },
  };
}

function asFailure(error: unknown, timeoutMs: number): SourceFailure {
  if (error instanceof SourceFailure) return error;
  if (error instanceof TaskCancelledError) {
    return new SourceFailure(`no answer within ${timeoutMs} ms`, { cause: error });
  }
  return new SourceFailure(`no answer that can be read: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}

/** Waits for work, but not beyond the signal. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    signal.throwIfAborted();
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort!);
    // What still goes on after an abort ends by itself, and nobody is left to tell.
    work.catch(() => undefined);
  }
}
