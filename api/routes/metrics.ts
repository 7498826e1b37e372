import { Gauge } from 'prom-client';
import { z } from 'zod';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { type Metrics, metricsOfAll } from '../observation/metrics-of-all.ts';
import type { Siblings } from '../siblings.ts';

/** `GET /metrics`: what Prometheus scrapes. */
export const metricsEndpoint: Endpoint = endpoint({
  method: 'get',
  path: '/metrics',
  summary: 'The metrics of the API, for Prometheus',
  unlimited: true,
  answer: {
    status: 200,
    name: 'Metrics',
    type: 'text/plain',
    schema: z.string().describe("Prometheus' text format"),
  },
  errors: [],
  handle: async ({ metrics: { registry }, siblings }, { response }) => {
    // It names the version of the format.
    response.set('Content-Type', registry.contentType);
    return siblings === undefined ? registry.metrics() : metricsOfSiblings(siblings);
  },
});

async function metricsOfSiblings(siblings: Siblings): Promise<string> {
  const { asked, answers, earlier } = await siblings.gather<Metrics>('metrics');
  const registry = metricsOfAll([...answers, ...earlier]);
  const processes = new Gauge({
    ...{
      name: 'stockcast_api_processes',
      help: 'Processes that were asked for these metrics, and that answered in time',
    },
    ...{ labelNames: ['state'], registers: [registry] },
  });
  processes.set({ state: 'asked' }, asked);
  processes.set({ state: 'answered' }, answers.length);
  return registry.metrics();
}
