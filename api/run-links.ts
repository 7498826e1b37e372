import type { Request } from 'express';

/** The path at which a run can be read; its slashes stay as they are. */
export function runPath(runId: string): string {
  return `/runs/${runId.split('/').map(encodeURIComponent).join('/')}`;
}

/** The full address at which a run can be read, on the host that the client itself used. */
export function statusUrl(request: Request, runId: string): string {
  const host = request.get('host');
  return host === undefined ? runPath(runId) : `${request.protocol}://${host}${runPath(runId)}`;
}
