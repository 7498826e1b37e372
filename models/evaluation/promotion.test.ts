import { describe, expect, it } from 'vitest';
import type { Evaluation } from '../../domain/evaluation.ts';
import { choosePromotion, type Contender } from './promotion.ts';

const contender = (kind: string, rmse: number, naive = 0.02, drift = 0.0201): Contender => {
  const evaluation: Evaluation = {
    nForecasts: 500,
    nFolds: 5,
    firstOrigin: '2001-01-02',
    lastOrigin: '2003-01-02',
    model: { rmse, mae: rmse / 2 },
    naive: { rmse: naive, mae: naive / 2 },
    drift: { rmse: drift, mae: drift / 2 },
    rmseRatioToNaive: rmse / naive,
    rmseRatioToDrift: rmse / drift,
    directionalAccuracy: 0.5,
    alwaysUpAccuracy: 0.52,
    residualQuantiles: Array.from({ length: 101 }, () => 0),
    directionCalibration: 0.5,
    notes: [],
  };
  return { kind, modelId: `id-${kind}`, evaluation };
};
const baselines = [contender('naive', 0.02), contender('drift', 0.0201)];

describe('promotion', () => {
  it('takes the candidate with the lowest RMSE that is no worse than both baselines', () => {
    const choice = choosePromotion([...baselines, contender('linear', 0.0199), contender('random-forest', 0.0198)]);
    expect(choice).toEqual({
      kind: 'random-forest',
      modelId: 'id-random-forest',
      reasons: [
        'random-forest: RMSE 0.0198 over 500 forecasts is 1.0% below naive and 1.5% below drift: promoted',
        'linear: RMSE 0.0199 over 500 forecasts is 0.5% below naive and 1.0% below drift: not the best',
      ],
    });
  });

  it('lets the naive forecast serve when no candidate is good enough, and says why', () => {
    const { kind, modelId, reasons } = choosePromotion([...baselines, contender('linear', 0.02024)]);
    expect([kind, modelId]).toEqual(['naive', 'id-naive']);
    expect(reasons).toEqual([
      'linear: RMSE 0.0202 over 500 forecasts is 1.2% above naive and 0.7% above drift: refused',
      'naive: promoted, since no candidate is as good as naive and drift',
    ]);
  });

  it('refuses what beats naive and not drift', () => {
    const { kind, reasons } = choosePromotion([...baselines, contender('linear', 0.0199, 0.02, 0.0198)]);
    expect(kind).toBe('naive');
    expect(reasons[0]).toContain('0.5% below naive and 0.5% above drift: refused');
  });

  it('takes a candidate that equals the baselines, and never a baseline itself', () => {
    expect(choosePromotion([...baselines, contender('linear', 0.02)]).kind).toBe('linear');
    const better = contender('drift', 0.019, 0.02, 0.019);
    expect(choosePromotion([baselines[0]!, better])).toMatchObject({
      kind: 'naive',
      reasons: ['naive: promoted, since there was no candidate'],
    });
  });

  it('shows a difference that decides, however small', () => {
    const { reasons } = choosePromotion([...baselines, contender('linear', 0.02 * (1 + 3e-7))]);
    expect(reasons[0]).toContain('0.00003% above naive');
    const perfect = choosePromotion([...baselines, contender('linear', 0.001, 0, 0)]);
    expect(perfect.reasons[0]).toContain('above naive, which made no error');
  });

  it('does not decide without the naive forecast, nor on kinds it does not know', () => {
    expect(() => choosePromotion([contender('linear', 0.01)])).toThrow('naive: not among the evaluated models');
    expect(() => choosePromotion([...baselines, contender('oracle', 0.01)])).toThrow('no model kind "oracle"');
  });
});
