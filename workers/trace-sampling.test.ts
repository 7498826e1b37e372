import { afterEach, expect, it, vi } from 'vitest';
import { samplerOfProcess } from './trace-sampling.ts';

afterEach(() => vi.unstubAllEnvs());

const KEPT = '00000000000000000000000000000001';
const DROPPED = '000000000000000000000000fffffff0';
const under = (isSampled: boolean) => ({ spanId: 'b7ad6b7169203331', isSampled });

function answers(sampler: string, argument = '') {
  vi.stubEnv('OTEL_TRACES_SAMPLER', sampler);
  vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', argument);
  const samples = samplerOfProcess();
  return [KEPT, DROPPED].map((id) => [samples(id), samples(id, under(true)), samples(id, under(false))]);
}

it('a trace is kept as the sampler of the process has it: by its id, its parent, or both', () => {
  const [all, none, asParent] = [
    [true, true, true],
    [false, false, false],
    [true, true, false],
  ];
  expect(answers('always_on')).toEqual([all, all]);
  expect(answers('always_off')).toEqual([none, none]);
  expect(answers('traceidratio', '0.5')).toEqual([all, none]);
  expect(answers('parentbased_always_on')).toEqual([asParent, asParent]);
  expect(answers('parentbased_always_off')).toEqual([
    [false, true, false],
    [false, true, false],
  ]);
  expect(answers('parentbased_traceidratio', '0.5')).toEqual([asParent, [false, true, false]]);
});
