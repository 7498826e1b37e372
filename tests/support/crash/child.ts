import { createInterface } from 'node:readline';
import { createServices } from '../../../serving/services.ts';
import type { S3Address } from '../../../stores/objects/s3-connection.ts';
import { openStores } from '../../../stores/open-stores.ts';
import { numbered, watchObjects, watchParts, watchStatements } from './points.ts';
import { CODE_VERSION, LARGE_PUT, WRITES } from './writes.ts';

/** What a child is told to do: one write on these stores, and the point at which to die. */
export interface CrashJob {
  readonly write: string;
  readonly databaseUrl: string;
  readonly objectsDir: string;
  /** Keeps the objects in place of the folder. */
  readonly s3?: S3Address;
  readonly killAt: string;
}

// The job comes when it is due; what takes time, loading all this, has been done by then.
for await (const line of createInterface({ input: process.stdin })) {
  const { write, databaseUrl, objectsDir, s3, killAt } = JSON.parse(line) as CrashJob;
  const pass = numbered((point) => {
    if (point === killAt) process.kill(process.pid, 'SIGKILL');
  });
  watchStatements(pass);
  watchParts(pass);
  const database = { url: databaseUrl, poolSize: 3, statementTimeoutMs: 30_000 };
  const stores = openStores({ database, objectsDir, s3 });
  const objects = watchObjects(stores.objects, pass);
  await [...WRITES, LARGE_PUT]
    .find(({ name }) => name === write)!
    .run(createServices({ ...stores, objects }, CODE_VERSION));
  await stores.close();
}
