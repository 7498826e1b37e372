import { z } from 'zod';

// The fields keep the names that they have in the stored document: its hash is over them.
const errors = z.object({ rmse: z.number(), mae: z.number() });
const test = z.object({ statistic: z.number(), pValue: z.number() });
const figures = z.object({
  coverage: z.number(),
  meanWidth: z.number(),
  winkler: z.number(),
  pinball: z.number(),
});
const leakage = z.object({
  passed: z.boolean(),
  checks: z.array(z.object({ name: z.string(), passed: z.boolean(), detail: z.string() })),
});
const json = z.unknown();

const identity = z.object({
  ticker: z.string(),
  horizon: z.int(),
  kind: z.string(),
  datasetId: z.string(),
  panel: z
    .array(z.object({ ticker: z.string(), datasetId: z.string() }))
    .optional()
    .describe('Of a pooled model: the datasets that it learnt from'),
  featureSet: z.string(),
  window: z.union([z.int(), z.literal('all')]),
  scaleTargets: z.boolean(),
  embargo: z.int(),
  parameters: json,
  seed: z.int(),
  search: z
    .object({ trials: z.int(), seed: z.int(), until: z.iso.date(), cutShort: z.boolean() })
    .optional()
    .describe('How its parameters were searched for, if they were'),
  madeFrom: z.array(z.string()).describe('Ids of the models that it was made from'),
  codeVersion: z.string(),
  backend: z.string(),
});

const calibration = z.object({
  shrinkage: z.number(),
  weights: z.array(z.number()).optional(),
  intervals: z.object({
    horizon: z.int(),
    nScores: z.int(),
    multiples: z.array(z.object({ level: z.number(), multiple: z.number() })),
  }),
  direction: z.object({
    horizon: z.int(),
    nScores: z.int(),
    scoreQuantiles: z.array(z.number()),
    kept: z.number(),
  }),
});

const evaluation = z.object({
  nForecasts: z.int(),
  nFolds: z.int(),
  firstOrigin: z.iso.date(),
  lastOrigin: z.iso.date(),
  model: errors,
  naive: errors,
  drift: errors,
  rmseRatioToNaive: z.number(),
  rmseRatioToDrift: z.number(),
  dieboldMariano: z.object({ naive: test, drift: test }).describe('One-sided: small when the model is better'),
  clarkWest: test,
  directionalAccuracy: z.number(),
  directionalAccuracyInterval: z.array(z.number()).describe('Its 95% binomial interval: low, high'),
  alwaysUpAccuracy: z.number(),
  informationCoefficient: test,
  intervals: z.array(z.object({ level: z.number(), model: figures, constantWidth: figures })),
  reliability: z.array(
    z.object({
      from: z.number(),
      to: z.number(),
      n: z.int(),
      meanPromised: z.number(),
      shareRight: z.number(),
    }),
  ),
  brier: z.number(),
  brierOfBaseRate: z.number(),
  calibration,
  leakage,
  notes: z.array(z.string()),
});

const comparison = z.object({
  nDays: z.int(),
  rmse: z.number(),
  rmseRatio: z.number(),
  dieboldMariano: z.object({ statistic: z.number(), pBetter: z.number(), pWorse: z.number() }).optional(),
});

const verdict = z.object({
  kind: z.string(),
  modelId: z.string(),
  passed: z.boolean().describe('Whether it may serve'),
  reasons: z.array(z.string()),
  comparisons: z.object({ naive: comparison, drift: comparison, champion: comparison.optional() }),
  coverage80: z.number(),
  beatsNaive: z.boolean(),
  pValue: z.number(),
  pAdjusted: z.number(),
  stage: z.enum(['development', 'staging', 'production']),
});

/** A certificate as it is stored. */
export const certificate = z.object({
  format: z.literal(1),
  modelId: z.string(),
  model: identity.describe("All that decided the model's bytes; its hash is modelId"),
  modelHash: z.string().describe('SHA-256 of the stored model object'),
  forecastsHash: z.string().describe('SHA-256 of the stored walk-forward forecasts'),
  asOf: z.iso.date(),
  nTrainingRows: z.int(),
  evaluation: evaluation.describe('Every figure beside its baseline, out of sample, in log returns over the horizon'),
  trials: z.int(),
  reproducible: z.boolean(),
  thresholds: z.object({
    maxRatio: z.number(),
    championWorseP: z.number(),
    maxCoverageError: z.number(),
    claimP: z.number(),
    minDays: z.number(),
    minIndependentDays: z.number(),
    minIndependentDaysToClaim: z.number(),
  }),
  family: z.object({ nTickers: z.int(), nHorizons: z.int() }),
  champion: z.object({ modelId: z.string(), kind: z.string() }).optional(),
  verdict,
});
