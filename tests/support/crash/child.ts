import { createInterface } from 'node:readline';
import { createServices } from '../../../serving/services.ts';
import { openStores } from '../../../stores/open-stores.ts';
import { numbered, watchObjects, watchStatements } from './points.ts';
import { CODE_VERSION, WRITES } from './writes.ts';

/** What a child is told to do: one write on these stores, and the point at which to die. */
export interface CrashJob {
  readonly write: string;
  readonly databaseUrl: string;
  readonly objectsDir: string;
  readonly killAt: string;
}

// The job comes when it is due; what takes time, loading all this, has been done by then.
for await (const line of createInterface({ input: process.stdin })) {
  const { write, databaseUrl, objectsDir, killAt } = JSON.parse(line) as CrashJob;
  const pass = numbered((point) => {
    if (point === killAt) process.kill(process.pid, 'SIGKILL');
  });
  watchStatements(pass);
  const stores = openStores({ database: { url: databaseUrl, poolSize: 3, statementTimeoutMs: 30_000 }, objectsDir });
  const objects = watchObjects(stores.objects, pass);
  await WRITES.find(({ name }) => name === write)!.run(createServices({ ...stores, objects }, CODE_VERSION));
  await stores.close();
}
