import { expect, test } from 'vitest';
import { z } from 'zod';
import { readBy } from './read-request.ts';

const schema = z.strictObject({
  id: z.string().optional(),
  list: z.array(z.string()).optional(),
  parameters: z.record(z.string(), z.json()).optional(),
});

test.each([
  [{ id: 'a\0b' }, 'body.id'],
  [{ list: ['a', '\0'] }, 'body.list.1'],
  [{ parameters: { forest: { trees: 'x\0' } } }, 'body.parameters.forest.trees'],
  [{ parameters: { 'forest\0': {} } }, 'body.parameters'],
])('a NUL, which no store takes, is refused by the field that holds it: %j', (value, field) => {
  expect(() => readBy(schema, value, 'body')).toThrow(
    expect.objectContaining({ code: 'REQUEST_INVALID', details: expect.objectContaining({ field }) }),
  );
});

test('other text is taken as it is', () => {
  const value = { id: 'ä😀', list: ['', '\u0001'], parameters: { forest: { trees: [1, { deep: '0' }] } } };
  expect(readBy(schema, value, 'body')).toEqual(value);
});
