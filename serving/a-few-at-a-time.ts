/**
 * Maps a few items at a time, since a batch must not take every database connection; results are in the order of the
 * items. When one fails, no further one is begun.
 */
export async function aFewAtATime<T, R>(items: readonly T[], each: (item: T) => Promise<R>, atATime = 4): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const i = next++;
      try {
        results[i] = await each(items[i]!);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: atATime }, work));
  return results;
}
