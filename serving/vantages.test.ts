import { describe, expect, it } from 'vitest';
import { freshContext } from '../tests/contract/backend.ts';
import { vantageOf } from './vantages.ts';

describe('a vantage', () => {
  it('is now, on the date that it is in New York, unless a date is asked for', () => {
    const at = (instant: string) => vantageOf(freshContext().at(instant));
    expect(at('2013-03-01T04:59:59.999Z')).toEqual({ asOf: '2013-02-28', knownAt: '2013-03-01T04:59:59.999Z' });
    expect(at('2013-03-01T05:00:00.000Z')).toEqual({ asOf: '2013-03-01', knownAt: '2013-03-01T05:00:00.000Z' });
  });

  it('is the end of an earlier day in New York, in winter and in summer', () => {
    const context = freshContext();
    expect(vantageOf(context, '2013-02-28')).toEqual({ asOf: '2013-02-28', knownAt: '2013-03-01T04:59:59.999Z' });
    expect(vantageOf(context, '2012-07-02').knownAt).toBe('2012-07-03T03:59:59.999Z');
  });

  it('never lies in the future: what is learnt later today is not seen yet', () => {
    const context = freshContext();
    expect(vantageOf(context, '2013-03-01')).toEqual({ asOf: '2013-03-01', knownAt: '2013-03-01T12:00:00.000Z' });
    expect(() => vantageOf(context, '2013-03-02')).toThrow(expect.objectContaining({ code: 'DATE_INVALID' }));
  });

  it.each(['2013-02-30', '20130228', 'yesterday', ''])('refuses %j, which is no date', (asOf) => {
    expect(() => vantageOf(freshContext(), asOf)).toThrow(expect.objectContaining({ code: 'DATE_INVALID' }));
  });
});
