import { StockcastError } from '../domain/errors.ts';

/** What is read from the object store, or undefined when the object is missing or damaged, so that it is made anew. */
export async function unlessLost<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    const isLost = error instanceof StockcastError && ['OBJECT_MISSING', 'OBJECT_DAMAGED'].includes(error.code);
    if (!isLost) throw error;
    return undefined;
  }
}
