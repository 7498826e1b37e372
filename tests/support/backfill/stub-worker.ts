// A worker process on all queues, its activities stubbed: `stub-worker.ts ADDRESS NAMESPACE FOLDER BUNDLE`. Prints
// `ready` when it polls, and is there to be killed.
import { readFileSync } from 'node:fs';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { QUEUES } from '../../../domain/run.ts';
import { StubRecord, stubActivities } from './stub-activities.ts';

// Planted failures need no stack traces in the output of tests.
Runtime.install({ logger: new DefaultLogger('ERROR') });
const [address, namespace, dir, bundle] = process.argv.slice(2) as [string, string, string, string];
const connection = await NativeConnection.connect({ address });
const activities = stubActivities(new StubRecord(dir));
const workflowBundle = { code: readFileSync(bundle, 'utf8') };
const workers = await Promise.all(
  Object.values(QUEUES).map((taskQueue) =>
    Worker.create({
      ...{ connection, namespace, taskQueue, activities },
      ...(taskQueue === QUEUES.orchestration ? { workflowBundle } : {}),
    }),
  ),
);
const running = workers.map((worker) => worker.run());
console.log('ready');
await Promise.all(running);
