import {
  type BackfillProgress,
  type BackfillResult,
  type BackfillState,
  type FailedPartition,
  type FailedPartitions,
  type PartitionStatus,
  type RunningPartition,
  TOLD_FAILURES,
} from '../domain/backfill.ts';
import type { SessionDate } from '../domain/bar.ts';
import { PartitionSet } from '../domain/partition-set.ts';

/** The rate is that of so many newest partitions. */
const PACE_WINDOW = 50;
/** How much of a failure's message travels; the child's own page has the rest. */
const MESSAGE_LENGTH = 300;
/** Failed partitions in one answer of the query. */
const FAILED_PAGE = 1000;

/** A partition by its place: ticker and session, and the number that follows. */
interface Place {
  readonly ticker: string;
  readonly asOf: SessionDate;
  readonly number: number;
}

/** Keeps where a backfill is: what was begun, how partitions ended, and what the next execution must know of it. */
export class BackfillTracker {
  readonly #tickers: readonly string[];
  readonly #sessions: readonly SessionDate[];
  readonly #only: PartitionSet | undefined;
  readonly #startedAt: number;
  readonly #positions: Map<number, number>;
  readonly #unowned: number[];
  readonly #counts: Record<PartitionStatus, number>;
  /** In a retry also those whose turn has not come yet. */
  readonly #failed: PartitionSet;
  readonly #failuresByCode: Record<string, number>;
  readonly #running = new Map<number, RunningPartition>();
  #newestFailures: readonly FailedPartition[];
  #ends: readonly number[];
  #nextTicker: number;
  #paused: boolean;

  constructor(
    tickers: readonly string[],
    sessions: readonly SessionDate[],
    { only, state }: { readonly only?: string | undefined; readonly state?: BackfillState | undefined },
  ) {
    this.#tickers = tickers;
    this.#sessions = sessions;
    this.#only = only === undefined ? undefined : PartitionSet.from(only);
    this.#startedAt = state?.startedAt ?? Date.now();
    this.#positions = new Map(state?.begun.map(({ ticker, session }) => [ticker, session]));
    this.#unowned = [...this.#positions.keys()];
    this.#counts = { made: 0, standing: 0, unavailable: 0, failed: 0, ...state?.counts };
    this.#failed = PartitionSet.from(state?.failed ?? only ?? '');
    this.#failuresByCode = { ...state?.failuresByCode };
    this.#newestFailures = state?.newestFailures ?? [];
    this.#ends = state?.ends ?? [];
    this.#nextTicker = state?.nextTicker ?? 0;
    this.#paused = state?.paused ?? false;
  }

  get paused(): boolean {
    return this.#paused;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    // The pause is no part of the rate.
    this.#ends = [];
  }

  /** A ticker that nobody works on and that has partitions left; one that was begun before comes first. */
  takeTicker(): number | undefined {
    const begun = this.#unowned.shift();
    if (begun !== undefined) return begun;
    if (this.#nextTicker >= this.#tickers.length) return undefined;
    this.#positions.set(this.#nextTicker, 0);
    return this.#nextTicker++;
  }

  /** The next partition of a ticker that was taken; undefined when it is through. */
  nextOf(ticker: number): Place | undefined {
    for (let session = this.#positions.get(ticker)!; session < this.#sessions.length; session++) {
      this.#positions.set(ticker, session);
      const number = ticker * this.#sessions.length + session;
      if (this.#only?.has(number) ?? true)
        return { ticker: this.#tickers[ticker]!, asOf: this.#sessions[session]!, number };
    }
    this.#positions.delete(ticker);
    return undefined;
  }

  begin({ ticker, asOf, number }: Place, workflowId?: string): void {
    this.#running.set(number, { ticker, asOf, ...(workflowId === undefined ? {} : { workflowId }) });
  }

  end({ ticker, asOf, number }: Place, status: PartitionStatus, reason?: { code: string; message: string }): void {
    const session = number % this.#sessions.length;
    this.#positions.set((number - session) / this.#sessions.length, session + 1);
    this.#running.delete(number);
    this.#counts[status]++;
    this.#ends = [...this.#ends, Date.now()].slice(-PACE_WINDOW);
    if (reason === undefined) return this.#failed.delete(number);
    const { code, message } = reason;
    this.#failed.add(number);
    this.#failuresByCode[code] = (this.#failuresByCode[code] ?? 0) + 1;
    const told = { ticker, asOf, code, message: message.slice(0, MESSAGE_LENGTH) };
    this.#newestFailures = [...this.#newestFailures, told].slice(-TOLD_FAILURES);
  }

  /** What the next execution goes on from, once nothing is under way. */
  state(): BackfillState {
    return {
      startedAt: this.#startedAt,
      paused: this.#paused,
      nextTicker: this.#nextTicker,
      begun: [...this.#positions].map(([ticker, session]) => ({ ticker, session })),
      counts: this.#counts,
      failed: this.#failed.toText(),
      failuresByCode: this.#failuresByCode,
      newestFailures: this.#newestFailures,
      ends: this.#ends,
    };
  }

  progress(): BackfillProgress {
    const { total, counts, failuresByCode, newestFailures } = this.result();
    const left = total - Object.values(counts).reduce((sum, count) => sum + count, 0);
    const perMinute = this.#perMinute();
    return {
      stage: left === 0 ? 'done' : this.#paused ? 'paused' : 'running',
      total,
      counts,
      running: [...this.#running.values()],
      perMinute,
      secondsLeft: perMinute === null || this.#paused ? null : Math.round((left / perMinute) * 60),
      failuresByCode,
      newestFailures,
    };
  }

  result(): BackfillResult {
    return {
      total: this.#only?.size ?? this.#tickers.length * this.#sessions.length,
      counts: { ...this.#counts },
      failuresByCode: { ...this.#failuresByCode },
      newestFailures: this.#newestFailures,
    };
  }

  /** The failed ones, in the form in which another backfill is told to make these alone. */
  failedSet(): string {
    return this.#failed.toText();
  }

  failed(offset: number): FailedPartitions {
    const page = this.#failed.numbers().slice(offset, offset + FAILED_PAGE);
    const partitions = page.map((number) => {
      const session = number % this.#sessions.length;
      const ticker = (number - session) / this.#sessions.length;
      return { ticker: this.#tickers[ticker]!, asOf: this.#sessions[session]! };
    });
    return { total: this.#failed.size, partitions };
  }

  #perMinute(): number | null {
    const [first, last] = [this.#ends[0], this.#ends.at(-1)];
    if (first === undefined || last === undefined || last <= first) return null;
    return ((this.#ends.length - 1) / (last - first)) * 60_000;
  }
}
