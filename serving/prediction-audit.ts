import { StockcastError } from '../domain/errors.ts';
import type { PredictionEntry, PredictionLog } from '../stores/audit/prediction-log.ts';

const CAPACITY = 50_000;
const BATCH = 1000;
const EVERY_MS = 1000;
const LONGEST_WAIT_MS = 15_000;

/** What came of the entries so far. */
export interface AuditCounts {
  readonly written: number;
  /** Waiting to be written. */
  readonly buffered: number;
  /** Lost because the buffer was full, or the database refused them. */
  readonly dropped: number;
}

export interface AuditOptions {
  /** Entries that may wait; further ones are dropped and counted. */
  readonly capacity?: number;
  readonly everyMs?: number;
  /** Hears when writing fails for the first time, and again (undefined) when it works once more. */
  readonly onTrouble?: (error: unknown, counts: AuditCounts) => void;
}

interface Waiting {
  readonly tenant: string;
  readonly entry: PredictionEntry;
}

/**
 * Collects entries of the prediction log and writes them in batches, so that no answer waits for the database. While it
 * is away they wait, up to a limit, and are written when it is back.
 */
export class PredictionAudit {
  readonly #log: PredictionLog | undefined;
  readonly #capacity: number;
  readonly #everyMs: number;
  readonly #onTrouble: NonNullable<AuditOptions['onTrouble']>;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closing = false;
  #failures = 0;
  #written = 0;
  #dropped = 0;

  /** Without a log, nothing is collected. */
  constructor(log: PredictionLog | undefined, options: AuditOptions = {}) {
    this.#log = log;
    this.#capacity = options.capacity ?? CAPACITY;
    this.#everyMs = options.everyMs ?? EVERY_MS;
    this.#onTrouble = options.onTrouble ?? (() => {});
  }

  get counts(): AuditCounts {
    return { written: this.#written, buffered: this.#waiting.length, dropped: this.#dropped };
  }

  /** Takes an entry; returns at once. */
  note(tenant: string, entry: PredictionEntry): void {
    if (this.#log === undefined) return;
    if (this.#waiting.length >= this.#capacity) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push({ tenant, entry });
    if (this.#waiting.length >= BATCH && this.#failures === 0) this.#write();
    else this.#schedule();
  }

  /** Writes what waits, for at most so long; what is left then is dropped and counted. */
  async close(timeoutMs: number): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#timer);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, timeoutMs, 'late');
    });
    const emptied = this.#empty();
    await Promise.race([emptied, late]);
    clearTimeout(timer);
    clearTimeout(this.#timer);
    this.#dropped += this.#waiting.length;
    this.#waiting = [];
  }

  async #empty(): Promise<void> {
    await this.#writing;
    // One try each: a database that is away now will not be back before the process has gone.
    while (this.#waiting.length > 0) {
      const failures = this.#failures;
      await this.#writeBatch();
      if (this.#failures > failures) return;
    }
  }

  #schedule(): void {
    if (this.#closing || this.#timer !== undefined || this.#writing !== undefined) return;
    const wait = this.#failures === 0 ? this.#everyMs : Math.min(this.#everyMs * 2 ** this.#failures, LONGEST_WAIT_MS);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#write();
    }, wait).unref();
  }

  #write(): void {
    if (this.#closing || this.#writing !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writeBatch().finally(() => {
      this.#writing = undefined;
      if (this.#waiting.length >= BATCH && this.#failures === 0) this.#write();
      else if (this.#waiting.length > 0) this.#schedule();
    });
  }

  /** Writes the oldest entries of one tenant; never fails. */
  async #writeBatch(): Promise<void> {
    const tenant = this.#waiting[0]?.tenant;
    if (tenant === undefined || this.#log === undefined) return;
    const other = this.#waiting.findIndex((each) => each.tenant !== tenant);
    const batch = this.#waiting.slice(0, Math.min(BATCH, other === -1 ? BATCH : other));
    let settled = true;
    try {
      await this.#log.append(
        { tenant },
        batch.map(({ entry }) => entry),
      );
      this.#written += batch.length;
      if (this.#failures > 0) this.#onTrouble(undefined, this.counts);
      this.#failures = 0;
    } catch (error) {
      // What the database refuses for good would stand in the way of all that follows.
      settled = !(error instanceof StockcastError && error.retryable);
      if (settled) this.#dropped += batch.length;
      if (this.#failures === 0) this.#onTrouble(error, this.counts);
      this.#failures += 1;
    }
    if (settled) this.#waiting.splice(0, batch.length);
  }
}
