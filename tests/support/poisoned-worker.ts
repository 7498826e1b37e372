import { codeVersion } from '../../config/code-version.ts';
import { PROJECT_DIR } from '../../config/project-dir.ts';
import { createServices } from '../../serving/services.ts';
import { TemporalGateway } from '../../serving/temporal-gateway.ts';
import type { ObjectStore } from '../../stores/objects/object-store.ts';
import { openStores } from '../../stores/open-stores.ts';
import { type Queue, createWorkers } from '../../workers/run-workers.ts';
import { RETRAINING } from './retraining-settings.ts';

/** Where a poisoned worker works, and what kills it: reading or writing an object whose key begins with `poison`. */
export interface PoisonedWorker {
  readonly databaseUrl: string;
  readonly objectsDir: string;
  readonly at: { readonly address: string; readonly namespace: string };
  readonly poison: string;
  readonly maxCrashes: number;
  readonly queues: readonly Queue[];
  /** Where it notes the steps that it does at hand. */
  readonly atHandDir: string;
}

// A worker as `workers/main.ts` makes it, in a process of its own.
const { databaseUrl, objectsDir, at, poison, queues, ...rules } = JSON.parse(
  process.env.POISONED_WORKER!,
) as PoisonedWorker;
const stores = openStores({ database: { url: databaseUrl, poolSize: 5, statementTimeoutMs: 30_000 }, objectsDir });
const real = stores.objects;
const touch = (key: string) => {
  if (key.startsWith(poison)) process.kill(process.pid, 'SIGKILL');
};
const objects: ObjectStore = {
  put: (context, key, ...rest) => {
    touch(key);
    return real.put(context, key, ...rest);
  },
  get: (context, key) => {
    touch(key);
    return real.get(context, key);
  },
  exists: (...args) => real.exists(...args),
  list: (...args) => real.list(...args),
  remove: (...args) => real.remove(...args),
};
const temporal = new TemporalGateway({ ...at, uiUrl: undefined });
const workers = await createWorkers(queues, {
  services: createServices({ ...stores, objects }, codeVersion(PROJECT_DIR)),
  ...{ temporal, ...at, ...rules },
  ...{ trainingSlots: 2, shutdownGraceMs: 1000, checkpointEveryMs: 3_600_000, retraining: RETRAINING },
});
console.log('worker ready');
await workers.run();
