import { Histogram, type Registry } from 'prom-client';

type Labels = Readonly<Record<string, string>>;

/** Durations of one sort, counted by the upper bounds of a histogram; counting looks nothing up and keeps no duration. */
export class Durations {
  readonly labels: Labels;
  readonly #bounds: readonly number[];
  /** Below each bound and above the one before; the last is of those above all. */
  readonly #counts: Float64Array;
  #sum = 0;
  #n = 0;

  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  add(seconds: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && seconds > this.#bounds[bucket]!) bucket += 1;
    this.#counts[bucket]! += 1;
    this.#sum += seconds;
    this.#n += 1;
  }

  /** The samples that Prometheus takes of them, buckets cumulated. */
  samples(name: string) {
    let below = 0;
    const buckets = this.#bounds.map((le, i) => {
      below += this.#counts[i]!;
      return { metricName: `${name}_bucket`, labels: { le, ...this.labels }, value: below };
    });
    return [
      ...buckets,
      { metricName: `${name}_bucket`, labels: { le: '+Inf', ...this.labels }, value: this.#n },
      { metricName: `${name}_sum`, labels: this.labels, value: this.#sum },
      { metricName: `${name}_count`, labels: this.labels, value: this.#n },
    ];
  }
}

/** A histogram whose durations are counted by `Durations`: prom-client's own would look its labels up for each of them. */
export class CountedHistogram extends Histogram {
  readonly #metric: { readonly name: string; readonly help: string };
  readonly #bounds: readonly number[];
  readonly #sorts: Durations[] = [];

  constructor(metric: { readonly name: string; readonly help: string }, bounds: readonly number[], registry: Registry) {
    super({ ...metric, buckets: [...bounds], registers: [registry] });
    this.#metric = metric;
    this.#bounds = bounds;
  }

  /** Counts durations with these labels from now on; ask once for each set of labels. */
  durations(labels: Labels): Durations {
    const durations = new Durations(labels, this.#bounds);
    this.#sorts.push(durations);
    return durations;
  }

  override async get(): ReturnType<Histogram['get']> {
    const values = this.#sorts.flatMap((durations) => durations.samples(this.#metric.name));
    const metric = { ...this.#metric, type: 'histogram', aggregator: 'sum', values };
    // The library declares an enum of its types of metrics, but has none to import.
    return metric as unknown as Awaited<ReturnType<Histogram['get']>>;
  }

  /** What prom-client asks for when it writes its text. */
  getForPromString(): ReturnType<Histogram['get']> {
    return this.get();
  }
}
