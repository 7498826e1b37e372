import {
  type Client,
  type ClientInterceptors,
  Connection,
  type ConnectionOptions,
  defaultGrpcRetryOptions,
  isGrpcServiceError,
  makeGrpcRetryInterceptor,
  Client as TemporalClient,
} from '@temporalio/client';
import { StockcastError } from '../domain/errors.ts';

const DEADLINE_MS = 5000;
// gRPC status codes of a server that is away, slow or shutting down. A deadline that passes may also show as a call
// that was cancelled (1): nothing else here cancels calls.
const AWAY = new Set([1, 4, 8, 14]);
const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const TOO_LATE = new Set([CANCELLED, DEADLINE_EXCEEDED]);

type GrpcInterceptor = NonNullable<ConnectionOptions['interceptors']>[number];

/**
 * Ends a call on a connection that was closed as cancelled. Thrown as it is, it could not be caught where the client
 * tries a call again, which it does from a timer.
 */
const endedWhenClosed: GrpcInterceptor = (options, nextCall) => {
  // The type asks for the library's class, of which callers use the methods of its interface alone.
  try {
    return nextCall(options) as ReturnType<GrpcInterceptor>;
  } catch (error) {
    const details = error instanceof Error ? error.message : String(error);
    const ended: ReturnType<Parameters<GrpcInterceptor>[1]> = {
      start: (metadata, listener) => listener?.onReceiveStatus?.({ code: CANCELLED, details, metadata }),
      sendMessage: () => undefined,
      sendMessageWithContext: () => undefined,
      halfClose: () => undefined,
      startRead: () => undefined,
      cancelWithStatus: () => undefined,
      getPeer: () => '',
      getAuthContext: () => null,
    };
    return ended as ReturnType<GrpcInterceptor>;
  }
};

/** Where Temporal is. */
export interface TemporalAddress {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string | undefined;
}

/** The Temporal client, with failures in the system's own words. Connects at first use, so it can be made while Temporal is down. */
export class TemporalGateway {
  readonly client: Client;
  readonly #connection: Connection;
  readonly #at: TemporalAddress;
  readonly #pending = new Set<Promise<unknown>>();

  constructor(at: TemporalAddress, interceptors: ClientInterceptors = {}) {
    this.#at = at;
    this.#connection = Connection.lazy({
      address: at.address,
      interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), endedWhenClosed],
    });
    this.client = new TemporalClient({ connection: this.#connection, namespace: at.namespace, interceptors });
  }

  /**
   * Calls Temporal as `call` does, up to `times` times where no answer comes before the deadline: for what may be done
   * twice, where Temporal loses calls.
   * @throws StockcastError TEMPORAL_UNAVAILABLE when it does not answer
   */
  async callAgain<T>(body: (client: Client) => Promise<T>, deadlineMs: number, times: number): Promise<T> {
    try {
      return await this.call(body, deadlineMs);
    } catch (error) {
      if (times <= 1 || !cameTooLate(error)) throw error;
      return this.callAgain(body, deadlineMs, times - 1);
    }
  }

  /**
   * Calls Temporal with a deadline (default 5 s).
   * @throws StockcastError TEMPORAL_UNAVAILABLE when it does not answer
   */
  async call<T>(body: (client: Client) => Promise<T>, deadlineMs: number = DEADLINE_MS): Promise<T> {
    const pending = this.#connection.withDeadline(Date.now() + deadlineMs, () => body(this.client));
    this.#pending.add(pending);
    try {
      return await pending;
    } catch (error) {
      const reason = unavailability(error);
      if (reason === undefined) throw error;
      throw new StockcastError(
        'TEMPORAL_UNAVAILABLE',
        { address: this.#at.address, problem: reason },
        { cause: error },
      );
    } finally {
      this.#pending.delete(pending);
      // It keeps deadlines in an AsyncLocalStorage: once used, Node 20 would run hooks for every promise of the process.
      if (this.#pending.size === 0) this.#connection.callContextStorage.disable();
    }
  }

  /** @throws StockcastError TEMPORAL_UNAVAILABLE */
  async ping(deadlineMs: number): Promise<void> {
    await this.call((client) => client.workflowService.getSystemInfo({}), deadlineMs);
  }

  /** The run's page in the Web UI, if there is one. */
  uiLink(workflowId: string): string | null {
    const { uiUrl, namespace } = this.#at;
    return uiUrl === undefined ? null : `${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`;
  }

  /** Closes the connection once what is under way has come to its end or its deadline. */
  async close(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
    await this.#connection.close();
  }
}

function cameTooLate(error: unknown): boolean {
  for (let next = error; next instanceof Error; next = next.cause) {
    if (isGrpcServiceError(next)) return TOO_LATE.has(next.code);
  }
  return false;
}

function unavailability(error: unknown): string | undefined {
  for (let next = error; next instanceof Error; next = next.cause) {
    if (isGrpcServiceError(next) && AWAY.has(next.code)) return next.details || next.message;
    if (next.message.startsWith('Failed to connect before the deadline')) return 'no connection before the deadline';
  }
  return undefined;
}
