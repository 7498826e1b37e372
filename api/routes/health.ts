import { z } from 'zod';
import { type Endpoint, endpoint } from '../endpoint.ts';
import type { ApiParts } from '../parts.ts';
import { Probe } from '../probe.ts';

const PROBE_TIMEOUT_MS = 2000;

const part = z.object({
  status: z.enum(['up', 'down']),
  problem: z.string().optional().describe('Why it is down'),
});

const health = z.object({
  status: z.enum(['ok', 'degraded']).describe('`degraded` when a part is down: what does not need it still answers'),
  version: z.string(),
  code_version: z.string().describe('Hash of the sources that compute; part of the identity of every model'),
  uptime_seconds: z.number(),
  parts: z.object({ database: part, temporal: part }),
});

/** `GET /health`: that the API runs, and which of the parts behind it answer. */
export function healthEndpoints({ pingDatabase, temporal }: ApiParts): Endpoint[] {
  const database = new Probe(pingDatabase, PROBE_TIMEOUT_MS);
  const orchestration = new Probe(
    () => temporal.call((client) => client.workflowService.getSystemInfo({}), PROBE_TIMEOUT_MS),
    PROBE_TIMEOUT_MS,
  );
  return [
    endpoint({
      method: 'get',
      path: '/health',
      summary: 'Whether the API and the parts behind it answer',
      description:
        'Answers 200 as long as the API itself runs, within about two seconds, also while other parts are down.',
      answer: { status: 200, name: 'Health', schema: health },
      errors: [],
      handle: async ({ services, version }) => {
        const [databaseNow, temporalNow] = await Promise.all([database.result(), orchestration.result()]);
        const up = databaseNow.status === 'up' && temporalNow.status === 'up';
        return {
          status: up ? ('ok' as const) : ('degraded' as const),
          version,
          code_version: services.codeVersion,
          uptime_seconds: Math.round(process.uptime()),
          parts: { database: databaseNow, temporal: temporalNow },
        };
      },
    }),
  ];
}
