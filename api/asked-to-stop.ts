/**
 * Settles when the process is asked to end, by SIGTERM or SIGINT. Asked again, as when a service manager signals a whole
 * group and the parent passes it on, it goes on ending in good order.
 */
export function askedToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
  });
}
