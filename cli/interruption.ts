import { EXIT } from './failure.ts';
import type { Interruption } from './parts.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Turns the first request to stop into an aborted signal and lets the second end the process at once, after `onForce`.
 */
export function listenForInterruption(
  process: NodeJS.EventEmitter & { exit(code: number): never },
  onForce: () => void,
): Interruption {
  const controller = new AbortController();
  const requested = new Promise<void>((resolve) => {
    controller.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const onSignal = () => {
    if (!controller.signal.aborted) {
      controller.abort();
      return;
    }
    onForce();
    process.exit(EXIT.interrupted);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return { signal: controller.signal, requested };
}
