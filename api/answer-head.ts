import { ServerResponse } from 'node:http';
import type { Express, Response } from 'express';
import { scopeOf } from './request-context.ts';

type WriteHead = (this: Response, status: number, ...rest: unknown[]) => Response;
const writeHead = ServerResponse.prototype.writeHead as unknown as WriteHead;

/** Has an app put the headers of each request's scope on its answer as the head is written; what this one set stands. */
export function completeHeads(app: Express): void {
  const complete: WriteHead = function (status, ...rest) {
    const { headers, cacheControl } = scopeOf(this);
    const common = cacheControl === undefined ? headers : [...headers, 'Cache-Control', cacheControl];
    for (let i = 0; i < common.length; i += 2) {
      if (!this.hasHeader(common[i]!)) this.setHeader(common[i]!, common[i + 1]!);
    }
    return writeHead.call(this, status, ...rest);
  };
  app.response.writeHead = complete as Response['writeHead'];
}

/**
 * Writes the head of an answer at once, with the headers of its scope: for what is asked for most often, since to set them
 * one by one takes longer.
 * @param own names and values of its own, alternating, `Cache-Control` among them
 */
export function writeWholeHead(response: Response, status: number, own: readonly (string | number)[]): void {
  writeHead.call(response, status, [...scopeOf(response).headers, ...own]);
}
