import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as workflows from '../../workflows/index.ts';
import { SCHEDULABLE, parseSchedules, readSchedules } from './schedule-file.ts';

const OURS = fileURLToPath(new URL('../../config/schedules.json', import.meta.url));

const entry = {
  name: 'retrain',
  workflow: 'retrain',
  purpose: 'Trains',
  times: [{ hour: 18, minute: 30 }],
  jitter: { upTo: '1 minute', because: 'a' },
  overlap: { policy: 'BUFFER_ALL', because: 'b' },
  catchUp: { within: '7 days', because: 'c' },
  input: {},
};
const file = (...schedules: object[]) => JSON.stringify({ timeZone: 'America/New_York', schedules });
const problems = (text: string) => {
  try {
    parseSchedules(text, 'mine.json');
  } catch (error) {
    expect(error).toMatchObject({ code: 'SCHEDULES_INVALID' });
    return (error as Error).message;
  }
  throw new Error('it was taken');
};

describe('the declared schedules', () => {
  it('are those of the project: each policy by its name, with its reason', () => {
    const declared = readSchedules(OURS);
    expect(
      declared.map(({ name, overlap, catchUp, jitter }) => [name, overlap.policy, catchUp.within, jitter.upTo]),
    ).toEqual(
      expect.arrayContaining([
        ['ingest', 'SKIP', 3_600_000, 120_000],
        ['retrain', 'BUFFER_ALL', 7 * 86_400_000, 60_000],
      ]),
    );
  });

  it('may start workflows that there are', () => {
    expect(Object.keys(workflows)).toEqual(expect.arrayContaining(Object.keys(SCHEDULABLE)));
  });

  it.each([
    [
      'a workflow that there is not',
      file({ ...entry, workflow: 'scoreForcasts' }),
      'schedules.0.workflow',
      '"scoreForcasts"',
      'retrain',
    ],
    [
      'a policy by another name',
      file({ ...entry, overlap: { policy: 'skip', because: 'b' } }),
      'schedules.0.overlap.policy ("skip"): expected "SKIP" or "BUFFER_ONE"',
    ],
    [
      'a policy without its reason',
      file({ ...entry, overlap: { policy: 'SKIP' } }),
      'schedules.0.overlap.because (missing): expected text',
    ],
    [
      'a reason without words',
      file({ ...entry, jitter: { upTo: '1 minute', because: ' ' } }),
      'schedules.0.jitter.because (""): expected at least 1 character',
    ],
    [
      'a duration that is none',
      file({ ...entry, jitter: { upTo: '60', because: 'a' } }),
      'schedules.0.jitter.upTo',
      '"60"',
      '2 minutes',
    ],
    [
      'a catch-up that Temporal would raise',
      file({ ...entry, catchUp: { within: '5 seconds', because: 'c' } }),
      '10 seconds',
    ],
    ['an hour that there is not', file({ ...entry, times: [{ hour: 24 }] }), 'schedules.0.times.0.hour (24): expected'],
    ['no time at all', file({ ...entry, times: [] }), 'schedules.0.times'],
    ['a field that there is not', file({ ...entry, cron: '* * * * *' }), 'cron'],
    ['two of one name', file(entry, entry), 'schedules.1.name', '"retrain"'],
    ['a name that no id could hold', file({ ...entry, name: 'my schedule' }), 'schedules.0.name', '"my schedule"'],
    ['an input of another workflow', file({ ...entry, input: { source: 'yahoo' } }), 'schedules.0.input', 'source'],
    ['another time zone', JSON.stringify({ timeZone: 'Europe/Berlin', schedules: [] }), 'timeZone', 'Europe/Berlin'],
    ['no JSON', '{', 'not JSON'],
  ])('are refused with %s', (_, text, ...words) => {
    const message = problems(text);
    for (const word of ['mine.json', ...words]) expect(message).toContain(word);
  });

  it('are refused where there is no file', () => {
    expect(() => readSchedules('/nowhere.json')).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }));
  });
});
