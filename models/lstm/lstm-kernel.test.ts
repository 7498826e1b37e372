import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { lstmAnswers } from './lstm-forward.ts';
import { KERNEL_SOURCE_SHA256 } from './lstm-kernel-binary.ts';
import { headOffset, initialWeights, type LstmShape, weightCount } from './lstm-weights.ts';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** The equations as they are written down, in double precision. */
function plainAnswer({ nSteps, nFeatures, units }: LstmShape, weights: Float32Array, x: Float32Array): number {
  const width = 4 * units;
  let h = new Array<number>(units).fill(0);
  let c = h;
  for (let step = 0; step < nSteps; step++) {
    const input = [...x.subarray(step * nFeatures, (step + 1) * nFeatures), ...h, 1];
    const z = Array.from({ length: width }, (_, j) =>
      input.reduce((sum, v, k) => sum + v * weights[k * width + j]!, 0),
    );
    c = c.map((cell, u) => sigmoid(z[units + u]!) * cell + sigmoid(z[u]!) * Math.tanh(z[2 * units + u]!));
    h = c.map((cell, u) => sigmoid(z[3 * units + u]!) * Math.tanh(cell));
  }
  const head = weights.subarray(headOffset({ nFeatures, units }));
  return h.reduce((sum, value, u) => sum + value * head[u]!, head[units]!);
}

const random = seededRandom(4);
const numbers = (length: number, size: number) => Float32Array.from({ length }, () => 2 * size * (random.next() - 0.5));

describe('the kernel', () => {
  it('is compiled from its source as it is now', () => {
    const source = readFileSync(new URL('./lstm-kernel.as', import.meta.url));
    expect(createHash('sha256').update(source).digest('hex'), 'npm run build:lstm-kernel').toBe(KERNEL_SOURCE_SHA256);
  });

  it.each<[LstmShape, number, number]>([
    [{ nSteps: 20, nFeatures: 12, units: 16 }, 9, 2],
    [{ nSteps: 3, nFeatures: 1, units: 8 }, 4, 1],
    [{ nSteps: 1, nFeatures: 5, units: 64 }, 1, 1],
    [{ nSteps: 7, nFeatures: 30, units: 40 }, 6, 0.01],
  ])('computes the equations, at %o for %d sequences', (shape, n, size) => {
    const weights = numbers(weightCount(shape), 0.5);
    const width = shape.nSteps * shape.nFeatures;
    const x = numbers(n * width, size);
    const answers = lstmAnswers(shape, weights, x);
    expect(answers).toHaveLength(n);
    answers.forEach((answer, row) => {
      expect(Math.abs(answer - plainAnswer(shape, weights, x.subarray(row * width, (row + 1) * width)))).toBeLessThan(
        5e-6,
      );
    });
  });

  it('stays right where gates are saturated and numbers enormous', () => {
    const shape = { nSteps: 4, nFeatures: 2, units: 8 };
    const weights = numbers(weightCount(shape), 1);
    for (const size of [30, 1e3, 1e30]) {
      const x = numbers(8, size);
      expect(lstmAnswers(shape, weights, x)[0]).toBeCloseTo(plainAnswer(shape, weights, x), 5);
    }
  });

  it('answers each sequence by itself, to the last bit, however many there are', () => {
    const shape = { nSteps: 5, nFeatures: 3, units: 8 };
    const weights = numbers(weightCount(shape), 0.5);
    const x = numbers(1003 * 15, 1);
    const together = lstmAnswers(shape, weights, x);
    for (const row of [0, 1, 2, 3, 255, 256, 999, 1002]) {
      expect(lstmAnswers(shape, weights, x.subarray(row * 15, (row + 1) * 15))[0]).toBe(together[row]);
    }
    expect(lstmAnswers(shape, weights, new Float32Array(0))).toHaveLength(0);
  });
});

describe('initial weights', () => {
  const shape = { nSteps: 20, nFeatures: 6, units: 16 };
  const weights = initialWeights(shape, seededRandom(1));

  it('have an orthonormal recurrent kernel and a uniform kernel within its bounds', () => {
    const rows = Array.from({ length: 16 }, (_, k) => weights.subarray((6 + k) * 64, (7 + k) * 64));
    for (const [i, a] of rows.entries()) {
      for (const [j, b] of rows.entries()) {
        expect(a.reduce((sum, value, k) => sum + value * b[k]!, 0)).toBeCloseTo(i === j ? 1 : 0, 5);
      }
    }
    const kernel = weights.subarray(0, 6 * 64);
    const limit = Math.sqrt(6 / (6 + 64));
    expect(Math.max(...kernel)).toBeLessThan(limit);
    expect(Math.min(...kernel)).toBeGreaterThan(-limit);
    expect(kernel.reduce((sum, value) => sum + value ** 2, 0) / kernel.length).toBeCloseTo(limit ** 2 / 3, 2);
  });

  it('open the forget gate, begin with the answer 0 and depend on the seed', () => {
    const bias = [...weights.subarray(22 * 64, 23 * 64)];
    expect(bias).toEqual([...Array(16).fill(0), ...Array(16).fill(1), ...Array(32).fill(0)]);
    expect(lstmAnswers(shape, weights, numbers(120, 3))).toEqual(Float32Array.of(0));
    expect(initialWeights(shape, seededRandom(1))).toEqual(weights);
    expect(initialWeights(shape, seededRandom(2))).not.toEqual(weights);
  });
});
