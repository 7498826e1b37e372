import { expect, test } from 'vitest';
import { z } from 'zod';
import { plainProblem } from './plain-problem.ts';

const wholeNumber = z.coerce.number().int().min(1).max(10);

test.each([
  ['a number that is none', wholeNumber, 'x', 'expected a number'],
  ['a fraction', wholeNumber, '1.5', 'expected a whole number'],
  ['too little', wholeNumber, '0', 'expected at least 1'],
  ['too much', wholeNumber, '11', 'expected at most 10'],
  ['what must be above', z.number().positive(), 0, 'expected above 0'],
  ['no text', z.string().min(1), '', 'expected at least 1 character'],
  ['too short a list', z.array(z.string()).min(2), [], 'expected at least 2 entries'],
  ['another type', z.string(), 3, 'expected text'],
  ['another name', z.enum(['a', 'b']), 'c', 'expected "a" or "b"'],
  ['a field that there is not', z.strictObject({}), { cron: '*' }, 'there is no "cron" here'],
  ['an address that is none', z.url(), 'x', 'this is no URL that can be used'],
  ['words of the schema', z.string().regex(/^\d+$/, 'expected digits'), 'x', 'expected digits'],
])('%s is said in plain words', (_, schema: z.ZodType, value, said) => {
  expect(schema.safeParse(value).error?.issues.map(plainProblem)).toEqual([said]);
});
