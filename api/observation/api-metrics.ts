import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { type Aggregator, Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { CountedHistogram, type Durations } from './counted-histogram.ts';
import { LatencyHistogram } from './latency-histogram.ts';

const PREFIX = 'stockcast_';
const METHODS = new Set(['GET', 'HEAD', 'POST', 'OPTIONS']);
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10, 30];

/** One method of one route, with what it has answered. */
export interface RouteLatency {
  readonly method: string;
  readonly route: string;
  readonly latency: LatencyHistogram;
  /** Answers by the hundreds of their status: `2xx`, `4xx` and so on. */
  readonly answers: Map<string, number>;
}

interface CountedRoute extends RouteLatency {
  readonly durations: Durations;
}

/** One status of one route: its counters, looked up once. */
interface Line {
  readonly route: CountedRoute;
  readonly statusClass: string;
  readonly labels: Readonly<Record<string, string>>;
  answers: number;
}

/** Forecasts of one kind and horizon that ended in one way. */
interface PredictionLine {
  readonly labels: Readonly<Record<string, string>>;
  n: number;
  readonly durations: Durations;
}

/**
 * What this process has counted and measured. Labels are route templates and names from short lists, never paths or
 * tickers, so their number is bounded. Seconds and bytes, as Prometheus asks.
 */
export class ApiMetrics {
  readonly registry = new Registry();
  /** How late the event loop was, in nanoseconds. */
  readonly eventLoopDelay: IntervalHistogram = monitorEventLoopDelay({ resolution: 20 });
  readonly #routes = new Map<string, CountedRoute>();
  readonly #lines = new Map<string, Line>();
  readonly #duration = this.#histogram('http_request_duration_seconds', 'Time to answer');
  #inFlight = 0;
  readonly #predictions = new Map<string, PredictionLine>();
  readonly #predictionTime = this.#histogram('prediction_duration_seconds', 'Time to make or find a forecast');
  readonly #predictionDurations: Readonly<Record<'ok' | 'failed', Durations>> = {
    ok: this.#predictionTime.durations({ outcome: 'ok' }),
    failed: this.#predictionTime.durations({ outcome: 'failed' }),
  };
  readonly #trainings = this.#counter('train_requests_total', 'Training asked for', ['scope', 'outcome']);
  readonly #records = this.#counter('uploaded_rows_total', 'Rows of price files', ['outcome']);

  constructor() {
    collectDefaultMetrics({ register: this.registry, prefix: PREFIX });
    // A counter of prom-client's would look its labels up for every request.
    this.countedElsewhere('http_requests_total', 'Answers given', ['method', 'route', 'status'], () =>
      [...this.#lines.values()].map(({ labels, answers }) => [labels, answers] as const),
    );
    this.countedElsewhere('predictions_total', 'Forecasts asked for', ['kind', 'horizon', 'outcome'], () =>
      [...this.#predictions.values()].map(({ labels, n }) => [labels, n] as const),
    );
    this.gauge('http_requests_in_flight', 'Requests being answered', [], (gauge) => gauge.set(this.#inFlight));
    this.eventLoopDelay.enable();
  }

  /** What was answered so far, by method and route. */
  get routes(): readonly RouteLatency[] {
    return [...this.#routes.values()];
  }

  requestStarted(): void {
    this.#inFlight += 1;
  }

  /** A request was answered; `route` is a template. */
  requestEnded(method: string, route: string, status: number, ms: number): void {
    this.#inFlight -= 1;
    const line = this.#line(method, route, status);
    line.answers += 1;
    const { route: counted, statusClass } = line;
    counted.durations.add(ms / 1000);
    counted.latency.record(ms);
    counted.answers.set(statusClass, (counted.answers.get(statusClass) ?? 0) + 1);
  }

  /** A forecast was asked for; `kind` is that of the model that answered, or `none`; `outcome` a code of errors or `ok`. */
  predicted(kind: string, horizon: number, outcome: string, ms: number): void {
    const key = `${kind} ${horizon} ${outcome}`;
    let line = this.#predictions.get(key);
    if (line === undefined) {
      const durations = this.#predictionDurations[outcome === 'ok' ? 'ok' : 'failed'];
      line = { labels: { kind, horizon: String(horizon), outcome }, n: 0, durations };
      this.#predictions.set(key, line);
    }
    line.n += 1;
    line.durations.add(ms / 1000);
  }

  /** A training run was asked for. */
  trainingAsked(scope: 'ticker' | 'universe', outcome: 'started' | 'joined'): void {
    this.#trainings.inc({ scope, outcome });
  }

  /** A price file was taken in. */
  rowsTaken(accepted: number, rejected: number): void {
    this.#records.inc({ outcome: 'accepted' }, accepted);
    this.#records.inc({ outcome: 'rejected' }, rejected);
  }

  /** A gauge whose values `collect` sets when they are asked for; `aggregator` makes one of those of several processes. */
  gauge(
    name: string,
    help: string,
    labelNames: readonly string[] = [],
    collect?: (gauge: Gauge) => Promise<void> | void,
    aggregator: Aggregator = 'sum',
  ) {
    return new Gauge({
      name: PREFIX + name,
      help,
      labelNames: [...labelNames],
      aggregator,
      registers: [this.registry],
      ...(collect === undefined
        ? {}
        : {
            collect() {
              return collect(this);
            },
          }),
    });
  }

  /** A counter that another part keeps: `read` gives its values, with their labels, when they are asked for. */
  countedElsewhere(
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => readonly (readonly [Readonly<Record<string, string>>, number])[],
  ): void {
    new Counter({
      name: PREFIX + name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    });
  }

  #line(method: string, route: string, status: number): Line {
    const key = `${method} ${route} ${status}`;
    let line = this.#lines.get(key);
    if (line === undefined) {
      // A parser's worth of methods on addresses that do not exist must not become as many series.
      const known = METHODS.has(method) ? method : 'other';
      const name = `${known} ${route}`;
      let counted = this.#routes.get(name);
      if (counted === undefined) {
        const durations = this.#duration.durations({ method: known, route });
        counted = { method: known, route, latency: new LatencyHistogram(), answers: new Map(), durations };
        this.#routes.set(name, counted);
      }
      line = {
        route: counted,
        statusClass: `${Math.floor(status / 100)}xx`,
        labels: { method: known, route, status: String(status) },
        answers: 0,
      };
      this.#lines.set(key, line);
    }
    return line;
  }

  #counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name: PREFIX + name, help, labelNames, registers: [this.registry] });
  }

  #histogram(name: string, help: string): CountedHistogram {
    return new CountedHistogram({ name: PREFIX + name, help }, SECONDS, this.registry);
  }
}
