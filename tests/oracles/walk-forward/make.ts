/**
 * Forecasts the first fold of AAPL's walk-forward evaluation with scikit-learn's Ridge, as the accuracy bench does, as
 * an oracle for its rows: npx tsx tests/oracles/walk-forward/make.ts > tests/oracles/walk-forward/ridge.json
 */
import { accuracyPeer, peerForecasts } from '../../../benchmarks/accuracy/accuracy-peers.ts';
import { recordedFolds } from '../../../benchmarks/accuracy/recorded-folds.ts';
import { buildFeatures } from '../../../models/features/build-features.ts';
import { sampleSeries } from '../../sample-series.ts';

const features = buildFeatures(sampleSeries('AAPL'));
const peer = await accuracyPeer((text) => void process.stderr.write(`${text}\n`));
const forecasts: { [horizon: string]: number[] } = {};
for (const horizon of [1, 10] as const) {
  const { series, folds } = recordedFolds(features, horizon);
  const span = [series.dates[0]!, series.dates[folds[0]!.to - 1]!] as const;
  const { yHat } = await peerForecasts(peer, 'scikit-learn Ridge', features, horizon, 7, span);
  forecasts[horizon] = [...yHat];
}
await peer.close();
process.stdout.write(`${JSON.stringify(forecasts)}\n`);
