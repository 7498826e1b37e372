import { z } from 'zod';
import { StockcastError } from '../../domain/errors.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { PROBE_TIMEOUT_MS } from '../readiness.ts';

const dependency = z.object({
  name: z.string(),
  status: z.enum(['up', 'down']),
  required: z.boolean().describe('Whether the API is of no use without it'),
  latency_ms: z.number(),
  breaker: z.enum(['closed', 'half_open', 'open']).optional().describe('Of what is called through a circuit breaker'),
  problem: z.string().optional().describe('Why it is down'),
});

const ready = z.object({
  status: z.enum(['ready', 'degraded']).describe('`degraded`: something is down that is not required'),
  version: z.string(),
  code_version: z.string().describe('Hash of the sources that compute; part of the identity of every model'),
  uptime_seconds: z.number(),
  dependencies: z.array(dependency),
});

/** `GET /health`: that the process answers. `GET /ready`: whether what it leans on answers, too. */
export const healthEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/health',
    summary: 'That the process answers',
    description: 'For liveness probes: asks nothing of anything else.',
    unlimited: true,
    answer: { status: 200, name: 'Health', schema: z.object({ status: z.literal('healthy') }) },
    errors: [],
    handle: async () => ({ status: 'healthy' as const }),
  }),
  endpoint({
    method: 'get',
    path: '/ready',
    summary: 'Whether what the API leans on answers',
    description: `For readiness probes. Answers within ${PROBE_TIMEOUT_MS / 1000} seconds; what was found holds for a second.`,
    unlimited: true,
    answer: { status: 200, name: 'Readiness', schema: ready },
    errors: ['NOT_READY'],
    handle: async ({ services, version, readiness }) => {
      const found = await readiness.state();
      const missing = found.filter(({ status, required }) => required && status === 'down');
      if (missing.length > 0) {
        const problems = missing.map(({ name, problem = 'down' }) => `${name}: ${problem.replace(/\.$/, '')}`);
        throw new StockcastError('NOT_READY', { problems, dependencies: found });
      }
      return {
        status: found.every(({ status }) => status === 'up') ? ('ready' as const) : ('degraded' as const),
        version,
        code_version: services.codeVersion,
        uptime_seconds: Math.round(process.uptime()),
        dependencies: found,
      };
    },
  }),
];
