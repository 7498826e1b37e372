import pg from 'pg';
import { connectionOptions } from '../postgres/connection-options.ts';
import type { ChangeListener, Changes } from './changes.ts';

const CHANNEL = 'stockcast_changes';
const CONNECT_TIMEOUT_MS = 2000;
/** A connection that was cut off without a word is found out by asking. */
const PULSE_MS = 2000;
const PULSE_TIMEOUT_MS = 2000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1000;

/** Changes as PostgreSQL notifies of them, heard on one connection of its own, which is made again when it breaks. */
export class PostgresChanges implements Changes {
  readonly #options: ReturnType<typeof connectionOptions>;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #isClosed = false;

  constructor(url: string) {
    this.#options = connectionOptions(url);
  }

  listen(listener: ChangeListener): void {
    void this.#connect(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#client?.connection.stream.destroy();
  }

  // Never fails: what goes wrong ends the connection, and that makes another one.
  async #connect(listener: ChangeListener): Promise<void> {
    const client = new pg.Client({
      ...this.#options,
      application_name: 'stockcast changes',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: PULSE_TIMEOUT_MS,
      keepAlive: true,
    });
    this.#client = client;
    let isHearing = false;
    let isOver = false;
    const over = () => {
      if (isOver) return;
      isOver = true;
      // Not politely: a server that hangs would not answer.
      client.connection.stream.destroy();
      if (this.#isClosed) return;
      if (isHearing) listener.lost();
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#connect(listener), this.#pauseMs);
      this.#timer.unref();
      this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
    };
    client.on('error', over);
    client.on('end', over);
    client.on('notification', ({ payload = '' }) => {
      const slash = payload.indexOf('/');
      if (slash > 0) listener.changed(payload.slice(0, slash), payload.slice(slash + 1));
    });
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
    } catch {
      over();
      return;
    }
    if (isOver || this.#isClosed) return;
    isHearing = true;
    this.#pauseMs = FIRST_PAUSE_MS;
    listener.hearing();
    const pulse = () => {
      this.#timer = setTimeout(() => {
        client.query('select 1').then(() => {
          if (!isOver && !this.#isClosed) pulse();
        }, over);
      }, PULSE_MS);
      this.#timer.unref();
    };
    pulse();
  }
}
