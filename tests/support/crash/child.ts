import { createInterface } from 'node:readline';
import { createServices } from '../../../serving/services.ts';
import { openStores } from '../../../stores/open-stores.ts';
import { watchObjects, watchStatements } from './points.ts';
import { CODE_VERSION, WRITES } from './writes.ts';

/** What a child is told to do: one write on these stores, and where to die. */
export interface CrashJob {
  readonly write: string;
  readonly databaseUrl: string;
  readonly objectsDir: string;
  /** Undefined: it lives, and prints the points that it passed. */
  readonly killAt: string | undefined;
}

// The job comes when it is due; what costs time, loading all this, has been done by then.
for await (const line of createInterface({ input: process.stdin })) {
  const { write, databaseUrl, objectsDir, killAt } = JSON.parse(line) as CrashJob;
  const passed: string[] = [];
  const pass = (point: string) => {
    const times = passed.filter((other) => other.replace(/#\d+$/, '') === point).length + 1;
    const name = times === 1 ? point : `${point}#${times}`;
    passed.push(name);
    if (name === killAt) process.kill(process.pid, 'SIGKILL');
  };
  watchStatements(pass);
  const stores = openStores({ database: { url: databaseUrl, poolSize: 3, statementTimeoutMs: 30_000 }, objectsDir });
  const objects = watchObjects(stores.objects, pass);
  await WRITES.find(({ name }) => name === write)!.run(createServices({ ...stores, objects }, CODE_VERSION));
  pass('end');
  await stores.close();
  console.log(JSON.stringify(passed));
  break;
}
