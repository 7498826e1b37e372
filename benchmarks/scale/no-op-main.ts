import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { NoOpActivities } from './no-op-workflow.ts';
import { NO_OP_QUEUE } from './work.ts';

// A worker with nothing of this project's in it: what Temporal itself takes.
const [address = ''] = process.argv.slice(2);
const connection = await NativeConnection.connect({ address });
const activities: NoOpActivities = { noOp: async () => {} };
const workflowsPath = fileURLToPath(new URL('./no-op-workflow.ts', import.meta.url));
const worker = await Worker.create({ connection, taskQueue: NO_OP_QUEUE, workflowsPath, activities });
const running = worker.run();
process.send!('ready');
process.once('message', () => worker.shutdown());
await running;
await connection.close();
process.disconnect();
