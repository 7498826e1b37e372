import { withoutSecrets } from '../domain/without-secrets.ts';

/**
 * What was asked for, or undefined where that failed, which is said once until it has worked again: figures of others
 * must not cost a scrape its own.
 *
 * @param what begins the line, such as `the task queues cannot be asked about`
 * @param isQuiet failures that are not said, as something else tells of them
 */
export function undefinedWhenFailing(
  what: string,
  say: (line: string) => void,
  isQuiet: (error: unknown) => boolean = () => false,
): <T>(asked: () => Promise<T>) => Promise<T | undefined> {
  let isSaid = false;
  return async (asked) => {
    try {
      const answer = await asked();
      isSaid = false;
      return answer;
    } catch (error) {
      if (!isSaid && !isQuiet(error)) {
        say(`${what}: ${withoutSecrets(error instanceof Error ? error.message : String(error))}`);
        isSaid = true;
      }
      return undefined;
    }
  };
}
