import type { MlflowBacklog } from '../../stores/mlflow/mlflow-backlog.ts';
import type { MlflowHttp } from '../../stores/mlflow/mlflow-http.ts';
import type { MlflowModels } from '../../stores/mlflow/mlflow-models.ts';
import type { MlflowRuns } from '../../stores/mlflow/mlflow-runs.ts';
import type { MlflowModelRegistry } from '../../stores/registry/mlflow-model-registry.ts';
import type { PipelineLookup } from './pipeline-lookup.ts';
import type { Services } from '../services.ts';

/** What telling MLflow works with. */
export interface MlflowParts {
  readonly services: Services;
  readonly http: MlflowHttp;
  readonly runs: MlflowRuns;
  readonly models: MlflowModels;
  readonly registry: MlflowModelRegistry;
  readonly backlog: MlflowBacklog;
  readonly pipelineOf: PipelineLookup;
}
