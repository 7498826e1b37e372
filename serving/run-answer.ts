import type { RunView } from './run-view.ts';

/** A run as people and programs are given it, by the API and by the CLI. */
export function runAnswer({ result, ...view }: RunView) {
  return { ...view, ...(result === undefined ? {} : { result: resultAnswer(result) }) };
}

function resultAnswer(result: NonNullable<RunView['result']>) {
  // Any run that a schedule starts may have nothing to do.
  if ('reason' in result) return result;
  if ('rows' in result) {
    const { session, ...counts } = result;
    return { as_of: session, ...counts };
  }
  if ('joined' in result) {
    const { session, runId, ...ended } = result;
    return { as_of: session, run_id: runId, ...ended };
  }
  if ('outcomes' in result) {
    return {
      ...(result.notes === undefined ? {} : { notes: result.notes }),
      outcomes: result.outcomes.map(({ ticker, status, workflowId, code, message }) => ({
        ticker,
        status,
        run_id: workflowId,
        ...(code === undefined ? {} : { failure: { code, message: message ?? code } }),
      })),
    };
  }
  if ('retraining' in result) {
    const { asOf, checked, untold, nAlarming, alarming, retraining } = result;
    return {
      as_of: asOf,
      ...{ checked, untold },
      n_alarming: nAlarming,
      alarming: alarming.map(({ ticker, horizon, kind, modelId, alarms }) => ({
        ...{ ticker, horizon },
        model: kind,
        model_id: modelId,
        alarms,
      })),
      retraining: {
        tickers: retraining.tickers,
        run_ids: retraining.runIds,
        problems: retraining.problems,
      },
    };
  }
  if ('scored' in result) {
    const { asOf, scored, live, passedOver, judged, nBehind, nDemoted, behind, problems } = result;
    return {
      as_of: asOf,
      ...{ scored, live },
      passed_over: passedOver,
      judged,
      n_behind_naive: nBehind,
      n_demoted: nDemoted,
      behind_naive: behind.map(({ ticker, horizon, kind, n, rmseRatioToNaive, p }) => ({
        ...{ ticker, horizon },
        model: kind,
        n,
        rmse_ratio_to_naive: rmseRatioToNaive,
        p,
      })),
      problems,
    };
  }
  if ('experiments' in result) {
    return {
      as_of: result.asOf,
      experiments: result.experiments.map(({ id, state, pairs, nextLook, reasons, problems }) => ({
        ...{ experiment_id: id, state, pairs, next_look: nextLook ?? null, reasons, problems },
      })),
    };
  }
  const { ticker, asOf, datasetId, promotions, notes } = result;
  return {
    ticker,
    as_of: asOf,
    dataset_id: datasetId,
    promotions: promotions.map(({ horizon, kind, modelId, movedLive }) => ({
      horizon,
      model: kind,
      model_id: modelId,
      moved_live: movedLive,
    })),
    notes,
  };
}
