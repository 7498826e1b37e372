import { createInterface } from 'node:readline';
import { openFollower } from '../../../serving/mlflow/open-follower.ts';
import { createServices } from '../../../serving/services.ts';
import { openStores } from '../../../stores/open-stores.ts';
import { NO_TEMPORAL } from '../no-temporal.ts';
import { numbered, watchMlflow, watchStatements } from './points.ts';

/** What a child is told to do: tell an MLflow what it lacks, and the point at which to die. */
export interface TellingJob {
  readonly databaseUrl: string;
  readonly objectsDir: string;
  readonly mlflowUrl: string;
  readonly killAt: string;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { databaseUrl, objectsDir, mlflowUrl, killAt } = JSON.parse(line) as TellingJob;
  const pass = numbered((point) => {
    if (point === killAt) process.kill(process.pid, 'SIGKILL');
  });
  watchStatements(pass);
  watchMlflow(pass);
  const stores = openStores({ database: { url: databaseUrl, poolSize: 3, statementTimeoutMs: 30_000 }, objectsDir });
  const parts = { services: createServices(stores, 'code-1'), database: stores.database };
  const follower = openFollower(
    { uri: mlflowUrl, token: undefined },
    { ...parts, pipelineOf: NO_TEMPORAL, say: () => undefined },
  );
  await follower.tell();
  follower.stop();
  await stores.close();
}
