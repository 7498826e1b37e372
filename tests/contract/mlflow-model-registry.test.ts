import { MlflowHttp } from '../../stores/mlflow/mlflow-http.ts';
import { MlflowModelRegistry } from '../../stores/registry/mlflow-model-registry.ts';
import { TestMlflow, installedMlflow } from '../support/mlflow.ts';
import { modelRegistryContract } from './model-registry.contract.ts';

const program = await installedMlflow();

modelRegistryContract('MLflow', async () => {
  const mlflow = await TestMlflow.start(program);
  const open: MlflowHttp[] = [];
  return {
    connect() {
      const http = new MlflowHttp({ uri: mlflow.url, token: undefined });
      open.push(http);
      return new MlflowModelRegistry(http);
    },
    async close() {
      for (const http of open) http.close();
      await mlflow.remove();
    },
  };
});
