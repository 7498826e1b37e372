import type { Context } from '../domain/context.ts';
import type { Services } from './services.ts';

const RENEWED_AFTER_MS = 60 * 60 * 1000;

/**
 * Has an object that is found and used again count as written now, unless it was within the hour: no row may point to it
 * until the run that uses it has made a model, and the age of what no row points to says whether it is garbage.
 */
export async function renew(services: Services, context: Context, key: string): Promise<void> {
  for await (const info of services.objects.list(context, key)) {
    if (info.key !== key) return;
    const ageMs = context.clock.now().getTime() - new Date(info.modifiedAt).getTime();
    if (ageMs > RENEWED_AFTER_MS) await services.objects.put(context, key, await services.objects.get(context, key));
    return;
  }
}
