/** What a validator found wrong with a value; zod's issues are of this form. */
export interface Issue {
  readonly code?: string | undefined;
  readonly message: string;
  readonly origin?: string;
  readonly minimum?: number | bigint;
  readonly maximum?: number | bigint;
  readonly inclusive?: boolean | undefined;
  readonly expected?: string;
  readonly values?: readonly unknown[];
  readonly keys?: readonly string[];
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/** Says for people what is wrong with a value; what a schema says in words of its own stays as it is. */
export function plainProblem(issue: Issue): string {
  if (!/^(Invalid|Too|Unrecognized) /.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${TYPES[issue.expected ?? ''] ?? issue.expected}`;
    case 'invalid_value':
      return `expected ${(issue.values ?? []).map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_small':
      return expectedAmount(issue.inclusive === false ? 'above' : 'at least', issue.minimum, issue.origin);
    case 'too_big':
      return expectedAmount(issue.inclusive === false ? 'below' : 'at most', issue.maximum, issue.origin);
    case 'unrecognized_keys':
      return `there is no ${(issue.keys ?? []).map((key) => JSON.stringify(key)).join(', ')} here`;
    default:
      return issue.message.replace(/^Invalid (\S+)$/, 'this is no $1 that can be used');
  }
}

function expectedAmount(relation: string, bound: number | bigint | undefined, origin: string | undefined): string {
  const noun = origin === 'string' ? ' character' : origin === 'array' ? ' entry' : '';
  const counted = bound === 1 || noun === '' ? noun : noun === ' entry' ? ' entries' : `${noun}s`;
  return `expected ${relation} ${bound}${counted}`;
}
