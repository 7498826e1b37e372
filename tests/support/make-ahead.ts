// Makes the servers that tests want and this machine lacks, while the static checks run and the first tests: what is
// downloaded beside what is built. Who wants one meanwhile waits for it, and says why where there is none to be had.
import { ensureMinio } from '../../infra/minio/minio-server.ts';
import { ensureMlflow } from '../../infra/mlflow/mlflow-program.ts';
import { ensureRedis } from '../../infra/redis/redis-server.ts';
import { ensureTemporalCli } from '../../infra/temporal/temporal-cli.ts';
import { timeSkippingServer } from './time-skipping-server.ts';

const say = (line: string) => console.error(line);

/** One after the other, since each build takes the whole machine; no test runs before Temporal does. */
async function built(): Promise<void> {
  await ensureTemporalCli({ say });
  await ensureMinio({ say });
}

const outcomes = await Promise.allSettled([built(), ensureMlflow(say), ensureRedis(), timeSkippingServer()]);
for (const outcome of outcomes) if (outcome.status === 'rejected') say((outcome.reason as Error).message);
