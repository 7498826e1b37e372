import type { Certificate, CertificateCheck, Verification } from '../domain/certificate.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import { canonicalJson, contentHash, sha256Hex } from '../domain/identity.ts';
import { type ModelIdentity, POOL, type PanelMember } from '../domain/model-version.ts';
import { evaluate } from '../models/evaluation/evaluate.ts';
import { kindNamed } from '../models/kinds.ts';
import { readCertificate } from './certificates.ts';
import { datasetManifestKey, modelKey, walkForwardKey } from './object-keys.ts';
import { trainAgain } from './retraining.ts';
import type { Services } from './services.ts';
import { readManifest, readSnapshot } from './snapshots.ts';
import { registered } from './training.ts';
import type { TaskOptions, TrainingPool } from './training-pool.ts';
import { readSeries } from './walk-forward-series.ts';

/** What to do besides comparing hashes. */
export interface VerificationOptions extends TaskOptions {
  /** Trains the model again here. */
  readonly retrain?: TrainingPool;
}

/**
 * Looks at everything that a certificate says once more: its own hash, the model's identity, the rows of every dataset
 * that was learnt from, the stored model and walk-forward forecasts, and the figures, computed again from these
 * forecasts; with `retrain`, the model itself. An ensemble is verified with the certificates of its members.
 * @throws StockcastError CERTIFICATE_UNKNOWN, OBJECT_DAMAGED when the certificate itself is not what its hash says
 */
export async function verifyCertificate(
  services: Services,
  context: Context,
  certificateId: string,
  options: VerificationOptions = {},
): Promise<Verification> {
  const certificate = await readCertificate(services, context, certificateId);
  const { model, modelId } = certificate;
  const objectKey = objectKeyOf(certificate);
  const forecastsKey = walkForwardKey(model.ticker, modelId);
  const checks: CertificateCheck[] = [
    { name: 'certificate', status: 'passed', detail: `its content has the hash ${certificateId}` },
    identityCheck(certificate),
  ];
  for (const member of datasetsOf(model)) {
    checks.push(await checked(`dataset of ${member.ticker}`, () => datasetCheck(services, context, member)));
  }
  const stored = [
    { name: 'model object', key: objectKey, hash: certificate.modelHash },
    { name: 'walk-forward forecasts', key: forecastsKey, hash: certificate.forecastsHash },
  ];
  for (const { name, key, hash } of stored) {
    checks.push(
      await checked(name, async () => {
        const found = sha256Hex(await services.objects.get(context, key));
        if (found === hash) return passed(`${key} has the hash ${hash}`);
        return failed(`${key} has the hash ${found}, the certificate says ${hash}`);
      }),
    );
  }
  checks.push(await checked('figures', () => figuresCheck(services, context, certificate)));
  if (!('learner' in kindNamed(model.kind))) {
    for (const id of model.madeFrom) checks.push(...(await memberChecks(services, context, id, options)));
  } else if (options.retrain !== undefined) {
    const { retrain, ...task } = options;
    const again = { certificate, panel: panelOf(model), objectKey };
    checks.push(await checked('training', () => trainAgain(services, context, retrain, again, task)));
  }
  return { holds: checks.every(({ status }) => status !== 'failed'), checks };
}

type Finding = Omit<CertificateCheck, 'name'>;

const passed = (detail: string): Finding => ({ status: 'passed', detail });
const failed = (detail: string): Finding => ({ status: 'failed', detail });

/** A model that cannot be read is a finding, a store that does not answer is not. */
async function checked(name: string, body: () => Promise<Finding>): Promise<CertificateCheck> {
  try {
    return { name, ...(await body()) };
  } catch (error) {
    if (!(error instanceof StockcastError) || error.retryable) throw error;
    return { name, ...failed(error.message.replace(/\.$/, '')) };
  }
}

/** All datasets that a ticker's model rests on: a ticker may have more sessions than the pool that it took over. */
export function datasetsOf(model: ModelIdentity): readonly PanelMember[] {
  const { ticker, datasetId, panel = [] } = model;
  const others = panel.filter((member) => member.datasetId !== datasetId);
  return [{ ticker, datasetId }, ...others];
}

/** The datasets that the model learnt from: those of its pool, or its own. */
export function panelOf({ panel, ticker, datasetId }: ModelIdentity): readonly PanelMember[] {
  return panel ?? [{ ticker, datasetId }];
}

/** The pooled model that a ticker's version took over, by what decided it; undefined for other models. */
function adopted(model: ModelIdentity): ModelIdentity | undefined {
  const kind = kindNamed(model.kind);
  if (!kind.pooled || !('learner' in kind)) return undefined;
  return { ...model, ticker: POOL, datasetId: contentHash(panelOf(model)), madeFrom: [] };
}

function objectKeyOf({ model, modelId }: Certificate): string {
  return adopted(model) === undefined ? modelKey(model.ticker, modelId) : modelKey(POOL, model.madeFrom[0]!);
}

function identityCheck({ model, modelId }: Certificate): CertificateCheck {
  const name = 'identity';
  const id = contentHash(model);
  if (id !== modelId) return { name, ...failed(`what decided the model has the hash ${id}, not ${modelId}`) };
  const pool = adopted(model);
  const poolId = pool && contentHash(pool);
  if (poolId === undefined) return { name, ...passed(`what decided the model has the hash ${modelId}`) };
  const [from] = model.madeFrom;
  if (poolId === from)
    return { name, ...passed(`what decided the model and its pooled one ${poolId} has their hashes`) };
  return { name, ...failed(`what decided the pooled model has the hash ${poolId}, not ${from}`) };
}

async function datasetCheck(services: Services, context: Context, { ticker, datasetId }: PanelMember) {
  const key = datasetManifestKey(ticker, datasetId);
  const { id } = await readManifest(services, context, key);
  if (id !== datasetId) return failed(`${key} is of the dataset ${id}`);
  const { series, events } = await readSnapshot(services, context, key);
  return passed(`${series.dates.length} sessions and ${events.length} events have the identity ${datasetId}`);
}

async function figuresCheck(services: Services, context: Context, certificate: Certificate): Promise<Finding> {
  const { model, modelId, evaluation } = certificate;
  const series = await readSeries(services, context, model.ticker, modelId);
  const again = evaluate(series, model.horizon, evaluation.leakage);
  const differing = Object.entries(again).filter(
    ([name, value]) => canonicalJson(value) !== canonicalJson(evaluation[name as keyof typeof evaluation]),
  );
  if (differing.length === 0) return passed(`follow from the walk-forward forecasts, all of them`);
  const names = differing.map(([name]) => name).join(', ');
  if (model.codeVersion === services.codeVersion) return failed(`other ones follow from the forecasts: ${names}`);
  const detail = `made by other sources, ${model.codeVersion}; these, ${services.codeVersion}, compute otherwise: ${names}`;
  return { status: 'skipped', detail };
}

/** Verifies an ensemble's member by its own certificate. */
async function memberChecks(
  services: Services,
  context: Context,
  memberId: string,
  options: VerificationOptions,
): Promise<CertificateCheck[]> {
  let name = `member ${memberId}`;
  let checks: readonly CertificateCheck[] = [];
  const whole = await checked(name, async () => {
    const { kind, certificate } = await registered(services, context, memberId);
    name = kind;
    if (certificate === undefined) return failed(`the member ${memberId} has no certificate`);
    const { modelId } = await readCertificate(services, context, certificate.id);
    if (modelId !== memberId) return failed(`its certificate is of the model ${modelId}`);
    ({ checks } = await verifyCertificate(services, context, certificate.id, options));
    return passed('');
  });
  return (whole.status === 'passed' ? checks : [whole]).map((check) => ({
    ...check,
    name: `${check.name} of ${name}`,
  }));
}
