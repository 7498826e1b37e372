import type { FeatureAnswer } from '../../serving/feature-answer.ts';
import type { Colors } from '../output.ts';
import { plainTable } from './plain-table.ts';

const SAID = { online: 'as forecasts of now see them', materialised: 'as training reads them' } as const;

/** A row of features, one a line. */
export function featureText(
  { ticker, session, feature_set, dataset, source, features }: FeatureAnswer,
  colors: Colors,
) {
  const rows = Object.entries(features).map(([name, value]) => [name, value.toFixed(6)]);
  return [
    `${colors.bold(ticker)} at the close of ${session}, ${SAID[source]}: features ${feature_set} of the dataset ${dataset}`,
    plainTable([{ heading: 'feature' }, { heading: 'value', align: 'right' }], rows, colors),
  ].join('\n');
}
