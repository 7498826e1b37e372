import { MlflowHttp, type MlflowAddress } from '../../stores/mlflow/mlflow-http.ts';
import { MlflowBacklog } from '../../stores/mlflow/mlflow-backlog.ts';
import { MlflowModels } from '../../stores/mlflow/mlflow-models.ts';
import { MlflowRuns } from '../../stores/mlflow/mlflow-runs.ts';
import type { Database } from '../../stores/postgres/database.ts';
import { MlflowModelRegistry } from '../../stores/registry/mlflow-model-registry.ts';
import type { Services } from '../services.ts';
import { MlflowFollower } from './mlflow-follower.ts';
import type { PipelineLookup } from './pipeline-lookup.ts';

/** Puts together what tells an MLflow. Nothing is connected to before it is used. */
export function openFollower(
  at: MlflowAddress,
  parts: {
    readonly services: Services;
    readonly database: Database;
    readonly pipelineOf: PipelineLookup;
    readonly say: (line: string) => void;
  },
): MlflowFollower {
  const { services, database, pipelineOf, say } = parts;
  const http = new MlflowHttp(at);
  const backlog = new MlflowBacklog(database, http.server);
  const registry = new MlflowModelRegistry(http);
  const [runs, models] = [new MlflowRuns(http), new MlflowModels(http)];
  return new MlflowFollower({ services, http, runs, models, registry, backlog, pipelineOf }, say);
}
