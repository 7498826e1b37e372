import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { ApplicationFailure, DefaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { StockcastError } from '../domain/errors.ts';
import { asFailure } from './failure.ts';

// What the server keeps of the newest failure of an activity that waits for its next attempt.
const KEPT_BYTES = 4096;

async function failureOf(error: unknown): Promise<Error> {
  return new MockActivityEnvironment().run(async () => asFailure(error));
}

function bytesOf(failure: Error): number {
  return JSON.stringify(new DefaultFailureConverter().errorToFailure(failure, defaultPayloadConverter)).length;
}

describe('what an activity threw', () => {
  it('keeps code, message, frames and cause, and fits what the server keeps', async () => {
    const cause = Object.assign(new Error('ENOSPC: '.padEnd(5000, 'x'), { cause: new Error('further down') }), {
      stack: `Error: ENOSPC\n${'    at write (/srv/stockcast/some/folder/file.ts:1:1)\n'.repeat(100)}`,
    });
    const problem = 'ENOSPC: no space left on device';
    const error = new StockcastError('OBJECTS_FULL', { key: 'models/1.json', root: '/srv', problem }, { cause });
    const failure = (await failureOf(error)) as ApplicationFailure;
    expect(failure).toMatchObject({ type: 'OBJECTS_FULL', nonRetryable: false, message: error.message });
    expect(failure.stack).toContain('failure.test.ts');
    expect(failure.cause?.message).toMatch(/^ENOSPC: x{292} …$/);
    expect(failure.cause?.stack).toMatch(/^ {4}at write .* …$/s);
    expect(failure.cause?.cause).toBeUndefined();
    expect(bytesOf(failure)).toBeLessThan(KEPT_BYTES);
  });

  it('is not tried again when it is a defect of the program', async () => {
    expect(await failureOf(new RangeError('no such row'))).toMatchObject({
      ...{ type: 'DEFECT', nonRetryable: true, message: 'no such row' },
    });
  });

  it('is tried again when nobody foresaw it, under its own name', async () => {
    const failure = await failureOf(Object.assign(new Error('odd'.repeat(2000)), { name: 'OddError' }));
    expect(failure).not.toBeInstanceOf(ApplicationFailure);
    expect(failure.name).toBe('OddError');
    expect(bytesOf(failure)).toBeLessThan(KEPT_BYTES);
    expect((await failureOf('a text')).message).toBe('a text');
  });

  it('is left as it is where it speaks to Temporal itself', async () => {
    const own = ApplicationFailure.create({ message: 'later', nextRetryDelay: '1 minute' });
    expect(await failureOf(own)).toBe(own);
  });
});
