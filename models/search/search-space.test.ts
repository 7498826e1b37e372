import { describe, expect, it } from 'vitest';
import { MODEL_KINDS } from '../kinds.ts';
import { type SearchSpace, freeSpace, settingOf } from './search-space.ts';

const SPACE: SearchSpace = {
  share: { from: 0.1, to: 1, scale: 'linear' },
  penalty: { from: 0.01, to: 1000, scale: 'log' },
  depth: { from: 1, to: 4, scale: 'linear', whole: true },
  width: { values: [8, 16, 32] },
};
const settings = (seed: number, n: number, space = SPACE) =>
  Array.from({ length: n }, (_, trial) => settingOf(space, seed, trial));

describe('the settings of a search', () => {
  it('begin with the defaults', () => {
    expect(settingOf(SPACE, 7, 0)).toEqual({});
  });

  it('are the same for the same seed and trial, and others for another seed', () => {
    expect(settings(7, 20)).toEqual(settings(7, 20));
    expect(settingOf(SPACE, 8, 5)).not.toEqual(settingOf(SPACE, 7, 5));
    expect(settings(7, 40).slice(0, 20)).toEqual(settings(7, 20));
  });

  it('lie within the bounds and reach into every part of every range', () => {
    const drawn = settings(3, 200).slice(1);
    const of = (name: string) => drawn.map((setting) => setting[name] as number);
    const share = of('share');
    expect(Math.min(...share)).toBeGreaterThanOrEqual(0.1);
    expect(Math.max(...share)).toBeLessThanOrEqual(1);
    for (let part = 0; part < 10; part++) {
      const within = share.filter((value) => value >= 0.1 + 0.09 * part && value <= 0.1 + 0.09 * (part + 1));
      expect(within.length, `part ${part}`).toBeGreaterThan(15);
    }
    const decades = Array.from({ length: 5 }, (_, i) =>
      of('penalty').filter((v) => Math.floor(Math.log10(v)) === i - 2),
    );
    for (const decade of decades) expect(decade.length).toBeGreaterThan(30);
    expect([...new Set(of('depth'))].sort()).toEqual([1, 2, 3, 4]);
    expect([...new Set(of('width'))].sort((a, b) => a - b)).toEqual([8, 16, 32]);
  });

  it('leave out what is given', () => {
    expect(Object.keys(freeSpace(SPACE, { depth: 3, other: 1 }))).toEqual(['share', 'penalty', 'width']);
    expect(Object.keys(freeSpace(SPACE, {}))).toEqual(Object.keys(SPACE));
  });
});

it.each(MODEL_KINDS.filter(({ space }) => space !== undefined))(
  'every setting of $name is one that the kind takes',
  ({ space, parameters }) => {
    for (const setting of settings(11, 200, space)) expect(parameters(setting)).toMatchObject(setting);
  },
);
