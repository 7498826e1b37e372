import { z } from 'zod';
import { type Endpoint, endpoint } from '../endpoint.ts';

/** `GET /metrics`: what Prometheus scrapes. */
export const metricsEndpoint: Endpoint = endpoint({
  method: 'get',
  path: '/metrics',
  summary: 'The metrics of this process, for Prometheus',
  unlimited: true,
  answer: {
    status: 200,
    name: 'Metrics',
    type: 'text/plain',
    schema: z.string().describe("Prometheus' text format"),
  },
  errors: [],
  handle: ({ metrics: { registry } }, { response }) => {
    // It names the version of the format.
    response.set('Content-Type', registry.contentType);
    return registry.metrics();
  },
});
