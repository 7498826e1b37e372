import autocannon from 'autocannon';

/** Requests to one server: as many at a time as there are connections, each sent when its last was answered. */
export interface Load {
  /** Address of the server, without a path. */
  readonly url: string;
  /** Asked for one after the other: by every connection, or, where there are more of them, by each its share of them. */
  readonly paths: readonly string[];
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second of all connections together; absent: as fast as the answers come. */
  readonly rate?: number;
}

/** What came of a load; times from the first byte sent to the last received. */
export interface LoadResult {
  readonly rps: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Answers without a 2xx status, broken connections and time-outs. */
  readonly nErrors: number;
  readonly nAnswers: number;
}

/** Sends a load over loopback and waits until it is over. */
export async function load({ url, paths, connections, seconds, rate }: Load): Promise<LoadResult> {
  const times: number[] = [];
  const requests = paths.map((path) => ({ method: 'GET' as const, path }));
  // Each is built anew for each connection: a thousand for a hundred would hold up this process for seconds.
  const share = requests.length <= connections ? requests.length : Math.ceil(requests.length / connections);
  let nClients = 0;
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(
      {
        ...{ url, connections, duration: seconds, timeout: 10 },
        ...(rate === undefined ? {} : { overallRate: rate }),
        requests: requests.slice(0, 1),
        // From a place of its own on, or all would ask for the same at the same time.
        setupClient: (client: autocannon.Client) => {
          const from = Math.floor((nClients++ / connections) * requests.length);
          client.setRequests([...requests.slice(from), ...requests.slice(0, from)].slice(0, share));
        },
      },
      (error: Error | null, outcome) => (error === null ? resolve(outcome) : reject(error)),
    );
    instance.on('response', (_client, _status, _bytes, ms) => void times.push(ms));
  });
  const sorted = Float64Array.from(times).sort();
  const percentile = (below: number) => sorted[Math.min(sorted.length - 1, Math.floor(below * sorted.length))] ?? NaN;
  return {
    rps: times.length / result.duration,
    p50Ms: percentile(0.5),
    p95Ms: percentile(0.95),
    p99Ms: percentile(0.99),
    nErrors: result.non2xx + result.errors + result.timeouts,
    nAnswers: times.length,
  };
}
