import { describe, expect, it } from 'vitest';
import { bestTrial, jointSearch } from './parameter-search.ts';

describe('the best trial', () => {
  const trial = (number: number, loss?: number) => ({
    number,
    parameters: { number },
    ...(loss === undefined ? {} : { loss }),
  });

  it('has the lowest loss, and the lowest number among equals, whatever order they ended in', () => {
    expect(bestTrial([trial(3, 0.9), trial(2, 0.8), trial(1, 0.8), trial(0, 1)])).toEqual(trial(1, 0.8));
  });

  it('is never one without a loss', () => {
    expect(bestTrial([trial(0), trial(1, 2)])).toEqual(trial(1, 2));
    expect(bestTrial([trial(0)])).toBeUndefined();
    expect(bestTrial([])).toBeUndefined();
  });
});

describe('what was tried for several models together', () => {
  const record = { trials: 8, seed: 7, until: '2006-09-01', cutShort: false };

  it('adds the trials up, sees the newest session, and is cut short when one was', () => {
    const other = { trials: 3, seed: 7, until: '2006-10-02', cutShort: true };
    expect(jointSearch([record, other])).toEqual({ trials: 11, seed: 7, until: '2006-10-02', cutShort: true });
    expect(jointSearch([other, record])).toEqual(jointSearch([record, other]));
  });

  it('is that of the one, or nothing at all', () => {
    expect(jointSearch([record])).toEqual(record);
    expect(jointSearch([])).toBeUndefined();
  });
});
