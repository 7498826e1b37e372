import { z } from 'zod';

/** Why a run is parked, and what helps. */
export const parkedState = z.object({
  stage: z.enum(['ingest', 'promote']),
  horizon: z.int().nullable().describe('Of a failed gate; null otherwise'),
  code: z.string(),
  message: z.string(),
  acceptable: z.boolean().describe('Whether it may go on as it is; if not, only a correction helps'),
  since: z.string(),
  gives_up_at: z.string(),
});
