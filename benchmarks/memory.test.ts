import { expect, it } from 'vitest';
import { peaksByQuarter } from './memory.ts';

it('gives the most of each quarter, the end with the last', () => {
  const samples = [
    ...[0, 0.1, 0.24].map((share, i) => ({ share, mb: [100, 130, 120][i]! })),
    { share: 0.25, mb: 90 },
    { share: 0.5, mb: 80 },
    ...[0.75, 1].map((share, i) => ({ share, mb: [70, 75][i]! })),
  ];
  expect(peaksByQuarter(samples)).toEqual(
    new Map([
      [1, 130],
      [2, 90],
      [3, 80],
      [4, 75],
    ]),
  );
});

it('leaves out those in which nobody looked', () => {
  expect(peaksByQuarter([{ share: 0.9, mb: 10 }])).toEqual(new Map([[4, 10]]));
});
