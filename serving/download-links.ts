import type { Context } from '../domain/context.ts';
import type { Services } from './services.ts';

/** How long a download link in an answer is good for. */
const LINK_SECONDS = 3600;

/** Part of an answer: where a stored object can be downloaded for an hour, by anybody who has the link. */
export interface Downloadable {
  /** Absent where the object store gives no links, or the object is not there. */
  readonly download_url?: string;
}

/** The link to an object, to be spread into the answer that speaks of it. */
export async function downloadLink(
  { objects }: Pick<Services, 'objects'>,
  context: Context,
  key: string,
): Promise<Downloadable> {
  if (objects.link === undefined || !(await objects.exists(context, key))) return {};
  return { download_url: await objects.link(context, key, LINK_SECONDS) };
}
