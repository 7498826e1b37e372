import type { Request } from 'express';

/** The path at which a run can be read; its slashes stay as they are. */
export function runPath(runId: string, under: 'runs' | 'backfills' = 'runs'): string {
  return `/${under}/${runId.split('/').map(encodeURIComponent).join('/')}`;
}

/** The full address at which a run can be read, on the host that the client itself used. */
export function statusUrl(request: Request, runId: string, under: 'runs' | 'backfills' = 'runs'): string {
  const host = request.get('host');
  const path = runPath(runId, under);
  return host === undefined ? path : `${request.protocol}://${host}${path}`;
}
