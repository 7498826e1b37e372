import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshContext } from '../tests/contract/backend.ts';
import { sampleBars } from '../tests/sample-series.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { readCertificate } from './certificates.ts';
import { decidePromotion, enterPromotion } from './promotion.ts';
import { readSeries } from './walk-forward-series.ts';

const KINDS = ['naive', 'drift', 'linear', 'random-forest', 'lstm', 'ensemble'];
const BARS = sampleBars('IBM').slice(0, 700);
const on: TestServices[] = [];
const contexts = [freshContext(), freshContext()];

beforeAll(async () => {
  for (const context of contexts) {
    const services = await openServices();
    on.push(services);
    const record = { id: 'a', source: 'a', acceptedRows: 1, rejectedRows: 0, report: [] };
    await services.services.bars.merge(context, record, [BARS], []);
    await trainDirectly(services.services, context, { ticker: 'IBM', horizon: 1, kinds: KINDS });
  }
});
afterAll(() => Promise.all(on.map((each) => each.close())));

const newest = (at: number, kind: string) => on[at]!.services.registry.newest(contexts[at]!, 'IBM', 1, kind);

describe('a promotion', () => {
  it('leaves a certificate for each contender, with all that it rests on', async () => {
    const { services } = on[0]!;
    for (const kind of KINDS) {
      const model = (await newest(0, kind))!;
      const certificate = await readCertificate(services, contexts[0]!, model.certificate!.id);
      expect(certificate).toMatchObject({
        format: 1,
        modelId: model.id,
        model: { kind, ticker: 'IBM', horizon: 1, datasetId: model.datasetId, seed: 7, madeFrom: model.madeFrom },
        trials: 1,
        reproducible: true,
        family: { nTickers: 1, nHorizons: 1 },
        verdict: { kind, modelId: model.id, passed: model.certificate!.passed },
      });
      expect(certificate.evaluation).toEqual(model.evaluation);
      expect(certificate.evaluation.leakage.checks.length).toBeGreaterThanOrEqual(5);
      expect(certificate.verdict.reasons.length).toBeGreaterThan(0);
    }
  });

  it('gives the same certificates for the same data, code and seed', async () => {
    for (const kind of KINDS) {
      const [one, other] = [await newest(0, kind), await newest(1, kind)];
      expect(one!.certificate).toBeDefined();
      expect(other!.certificate).toEqual(one!.certificate);
    }
  });

  it('serves naive where nothing may, and enters the certificate and reasons into the ledger', async () => {
    const { services } = on[0]!;
    const production = (await services.ledger.production(contexts[0]!, 'IBM', 1))!;
    const model = (await newest(0, production.kind))!;
    expect(production).toMatchObject({ modelId: model.id, certificateId: model.certificate!.id, movedLive: true });
    expect(production.reasons[0]).toContain(`${production.kind} serves`);
    for (const kind of KINDS) expect(production.reasons.some((reason) => reason.startsWith(`${kind}: `))).toBe(true);
  });

  it('that a person rejects is entered as what serves on, with who and why', async () => {
    const [{ services }, context] = [on[1]!, contexts[1]!];
    const linear = (await newest(1, 'linear'))!;
    const naive = (await newest(1, 'naive'))!;
    const request = { ticker: 'IBM', horizon: 1, asOf: naive.asOf, modelIds: [naive.id, linear.id] };
    const decision = await decidePromotion(services, context, { ...request, nTickers: 1, nHorizons: 1 });
    const before = (await services.ledger.production(context, 'IBM', 1))!;
    const verdict = { horizon: 1, approve: false, by: 'Ada', reason: 'earnings tomorrow' };
    const entry = { runId: 'r', executionId: 'e', live: true, ticker: 'IBM', asOf: naive.asOf, decision, verdict };
    const outcome = await enterPromotion(services, context, entry);
    expect(outcome).toMatchObject({ modelId: before.modelId, movedLive: false });
    const [entered] = await services.ledger.history(context, 'IBM');
    expect(entered).toMatchObject({ principal: 'Ada', modelId: before.modelId });
    expect(entered!.reasons[0]).toBe('Rejected by Ada: earnings tomorrow');
  });
});

describe('the ensemble', () => {
  it('rests on its members and is none of them', async () => {
    const { services } = on[0]!;
    const members = [(await newest(0, 'random-forest'))!, (await newest(0, 'lstm'))!];
    const ensemble = (await newest(0, 'ensemble'))!;
    expect(ensemble.madeFrom).toEqual(members.map(({ id }) => id));
    const series = await readSeries(services, contexts[0]!, 'IBM', ensemble.id);
    for (const { id } of members) {
      expect((await readSeries(services, contexts[0]!, 'IBM', id)).raw).not.toEqual(series.raw);
    }
    const { weights } = ensemble.evaluation!.calibration;
    expect(weights!.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    expect(ensemble.evaluation!.leakage.checks.map(({ name }) => name)).toContain('session-gaps of lstm');
  });
});
