import type {
  CertificateNode,
  DatasetNode,
  ForecastNode,
  LineageAnswer,
  ModelNode,
  PromotionNode,
} from '../../serving/lineage-answer.ts';
import type { Colors } from '../output.ts';

/** A line with those that hang below it. */
interface Branch {
  readonly line: string;
  readonly below?: readonly Branch[];
}

/** The chain as a tree: what was made at the top, the files that its rows came from at the leaves. */
export function lineageTree(answer: LineageAnswer, colors: Colors): string {
  const { forecast, models, missing } = answer;
  const [model] = models;
  const certificate = answer.certificates.find(({ certificate_id: id }) => id === answer.id);
  const dataset = answer.datasets.find(({ dataset_id: id }) => id === answer.id);
  const promotion = answer.promotions.find(({ promotion_id: id }) => id === answer.id);
  const below = model === undefined ? [] : [modelBranch(answer, model, new Set(), colors)];
  const root: Branch =
    forecast !== null
      ? { line: forecastLine(forecast, colors), below: [priceBranch(answer, forecast), ...below] }
      : certificate !== undefined || promotion !== undefined
        ? {
            line: `${promotion === undefined ? 'certificate' : 'entry of the ledger'} ${colors.bold(answer.id)}`,
            below,
          }
        : (below[0] ?? (dataset === undefined ? { line: answer.id } : datasetBranch(answer, dataset)));
  return [
    ...drawn(root),
    ...(missing.length === 0
      ? [colors.green('The chain is whole.')]
      : [colors.red('Missing:'), ...missing.map((link) => `  ${link}`)]),
  ].join('\n');
}

function forecastLine(forecast: ForecastNode, colors: Colors): string {
  const { horizon, target_date: target, price_target: price, made_at: madeAt, as_known_on: day } = forecast;
  const then = day === null ? '' : ` as known on ${day},`;
  const what = `${price.toFixed(2)} on ${target}, ${sessions(horizon)} ahead,${then} made ${madeAt}`;
  return `forecast ${colors.bold(forecast.forecast_id)}: ${what}`;
}

function priceBranch(answer: LineageAnswer, forecast: ForecastNode): Branch {
  const { as_of: asOf, current_price: close, origin, restated_since: restated } = forecast;
  const since = restated === 0 ? '' : `; ${rows(restated)} up to there restated since`;
  return {
    line: `from the close ${close} of ${asOf}${since}`,
    below: origin === null ? [] : [{ line: ingestLine(answer, origin.ingest_id, `version ${origin.version}`) }],
  };
}

function modelBranch(answer: LineageAnswer, model: ModelNode, above: ReadonlySet<string>, colors: Colors): Branch {
  const { model_id: id, ticker, certificate_id: certificateId, search } = model;
  const path = new Set([...above, id]);
  const members = answer.models.filter((each) => model.made_from.includes(each.model_id) && !path.has(each.model_id));
  const promotions = answer.promotions.filter((each) => each.model_id === id);
  const window = model.window === 'all' ? 'all sessions' : `${model.window} sessions`;
  const searched = search === null ? '' : `, searched for in ${search.trials} trials up to ${search.until}`;
  return {
    line: `model ${colors.bold(`${model.model} v${model.model_version}`)} of ${ticker} ${id}`,
    below: [
      ...promotions.map(promotionBranch),
      ...answer.certificates
        .filter((each) => each.model_id === id)
        .map((each) => certificateBranch(each, certificateId)),
      { line: `trained ${model.trained_at} by ${model.run_id}` },
      { line: `parameters ${JSON.stringify(model.parameters)}, seed ${model.seed}, window ${window}${searched}` },
      { line: `code ${model.code_version}${model.code_is_current ? '' : ' (not what runs now)'}, ${model.backend}` },
      { line: `object ${model.object_key}${found(model.object_found)}` },
      ...members.map((member) => modelBranch(answer, member, path, colors)),
      ...model.datasets.map((datasetId) => featuresBranch(answer, model, datasetId)),
    ],
  };
}

function promotionBranch({
  promotion_id: id,
  at,
  as_of: asOf,
  live,
  moved_live: moved,
  rollback,
  principal,
  run_id: run,
}: PromotionNode) {
  const how = rollback ? 'put back' : moved ? 'promoted' : live ? 'confirmed' : 'chosen as of that date';
  return { line: `${id}: ${how} ${at} as of ${asOf}, for ${principal}${rollback ? '' : `, by ${run}`}` };
}

function certificateBranch({ certificate_id: id, passed, stage }: CertificateNode, newest: string | null): Branch {
  const earlier = id === newest ? '' : ', an earlier one';
  return { line: `certificate ${id}: ${passed ? 'passed' : 'did not pass'} (${stage})${earlier}` };
}

function featuresBranch(answer: LineageAnswer, model: ModelNode, datasetId: string): Branch {
  const dataset = answer.datasets.find((each) => each.dataset_id === datasetId);
  const below = dataset === undefined ? { line: `dataset ${datasetId} (missing)` } : datasetBranch(answer, dataset);
  const features = model.features.find((each) => each.dataset_id === datasetId);
  if (features === undefined) return below;
  return { line: `features ${model.feature_set} ${features.key}${found(features.found)}`, below: [below] };
}

function datasetBranch(answer: LineageAnswer, dataset: DatasetNode): Branch {
  const { dataset_id: id, ticker, sessions: n, events, restated, untraced } = dataset;
  const { first_session: first, last_session: last } = dataset;
  return {
    line: `dataset ${id} of ${ticker}: ${sessions(n)} ${first} to ${last}, ${events} events`,
    below: [
      ...dataset.came_from.map((part) => ({
        line: ingestLine(answer, part.ingest_id, `${rows(part.rows)} ${part.first_session} to ${part.last_session}`),
      })),
      ...(restated.n === 0
        ? []
        : [
            {
              line: `${rows(restated.n)} are restatements: ${restated.first
                .slice(0, 5)
                .map(({ date }) => date)
                .join(', ')}`,
            },
          ]),
      ...(untraced === 0 ? [] : [{ line: `${rows(untraced)} are not held any more` }]),
    ],
  };
}

function ingestLine({ ingests }: LineageAnswer, id: string, what: string): string {
  const ingest = ingests.find((each) => each.ingest_id === id);
  if (ingest === undefined) return `${what} from ${id} (no record of it)`;
  const { source, learnt_at: at, accepted_rows: accepted, rejected_rows: rejected } = ingest;
  return `${what} from ${source} (sha256 ${id}), ${at}, ${accepted} rows accepted, ${rejected} rejected`;
}

function drawn({ line, below = [] }: Branch): string[] {
  return [
    line,
    ...below.flatMap((branch, i) => {
      const isLast = i === below.length - 1;
      const [first, ...rest] = drawn(branch);
      return [`${isLast ? '└─' : '├─'} ${first}`, ...rest.map((text) => `${isLast ? '   ' : '│  '}${text}`)];
    }),
  ];
}

function found(isFound: boolean): string {
  return isFound ? '' : ' (missing)';
}

function rows(n: number): string {
  return n === 1 ? '1 row' : `${n} rows`;
}

function sessions(n: number): string {
  return n === 1 ? '1 session' : `${n} sessions`;
}
