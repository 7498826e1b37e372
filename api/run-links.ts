import type { Request, Response } from 'express';

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

/** A run that was started, with where it can be read: in the answer and in its header `Location`. */
export function linked<R extends { readonly run_id: string }>(
  run: R,
  { request, response }: { readonly request: Request; readonly response: Response },
  under: 'runs' | 'backfills' = 'runs',
): R & { readonly status_url: string } {
  response.location(runPath(run.run_id, under));
  return { ...run, status_url: statusUrl(request, run.run_id, under) };
}
