/** A request of the documentation, and the answers that it shows. */
export interface DocumentedRequest {
  /** The whole line, for messages. */
  readonly command: string;
  readonly method: string;
  /** With the address of the documentation in front. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: string | undefined;
  /** Name of a form's field and of the file in it. */
  readonly files: readonly (readonly [string, string])[];
  /** The answers shown after the block that holds the command. */
  readonly answers: readonly { readonly language: string; readonly text: string }[];
}

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm;

/** Reads every curl command of a page with the examples that follow its block. */
export function documentedRequests(markdown: string): DocumentedRequest[] {
  const blocks = [...markdown.matchAll(FENCE)].map(([, language, text]) => ({ language: language!, text: text! }));
  return blocks.flatMap((block, index) => {
    if (block.language !== '' || !block.text.startsWith('curl ')) return [];
    const next = blocks.findIndex((other, i) => i > index && other.language === '');
    const answers = blocks.slice(index + 1, next === -1 ? undefined : next);
    const commands = block.text
      .replace(/\\\n\s*/g, '')
      .trim()
      .split('\n');
    return commands.map((command) => ({ ...parsed(command), answers }));
  });
}

function parsed(command: string): Omit<DocumentedRequest, 'answers'> {
  const words = [...command.split(' | ')[0]!.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);
  let method: string | undefined;
  let data: string | undefined;
  let url = '';
  const headers: Record<string, string> = {};
  const files: (readonly [string, string])[] = [];
  for (let i = 1; i < words.length; i++) {
    const word = words[i]!;
    if (word === '-X') method = words[++i]!;
    else if (word === '-d') data = words[++i]!;
    else if (word === '-H') {
      const [name, value] = words[++i]!.split(': ');
      headers[name!] = value!;
    } else if (word === '-F') {
      const [name, file] = words[++i]!.split('=@');
      files.push([name!, file!]);
    } else if (word.startsWith('http')) url = word;
    else if (word !== '-s' && word !== '-N') throw new Error(`unknown to this reader: ${word} in ${command}`);
  }
  method ??= data === undefined && files.length === 0 ? 'GET' : 'POST';
  return { command, method, url, headers, data, files };
}

const MORE = '…';

/** A JSON example, in which a bare `…` stands for what was left out. */
export function parseExample(text: string): unknown {
  let json = '';
  let inString = false;
  const open: string[] = [];
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '"' && text[i - 1] !== '\\') inString = !inString;
    if (!inString) {
      if (char === '{' || char === '[') open.push(char);
      if (char === '}' || char === ']') open.pop();
    }
    json += !inString && char === MORE ? (open.at(-1) === '{' ? `"${MORE}":true` : `"${MORE}"`) : char;
  }
  return JSON.parse(json);
}

/** Where an answer has another shape than the example: other fields, other types. Empty when it has the same. */
export function differences(example: unknown, real: unknown, place = '$'): string[] {
  // What is null in one of them may be there in the other.
  if (example === null || real === null) return [];
  if (Array.isArray(example)) {
    if (!Array.isArray(real)) return [`${place}: an array in the example, ${typeof real} in the answer`];
    const shown: unknown[] = example.filter((item) => item !== MORE);
    if (shown.length === 0) return [];
    return real.flatMap((item, i) => {
      const tries = shown.map((one) => differences(one, item, `${place}[${i}]`));
      return tries.some((found) => found.length === 0) ? [] : tries[0]!;
    });
  }
  if (typeof example !== 'object' || typeof real !== 'object') {
    return typeof example === typeof real
      ? []
      : [`${place}: ${typeof example} in the example, ${typeof real} in the answer`];
  }
  const [one, other] = [example as Record<string, unknown>, real as Record<string, unknown>];
  const found: string[] = [];
  for (const key of Object.keys(one)) {
    if (key === MORE) continue;
    if (key in other) found.push(...differences(one[key], other[key], `${place}.${key}`));
    else found.push(`${place}.${key}: not in the answer`);
  }
  if (!(MORE in one)) {
    for (const key of Object.keys(other)) if (!(key in one)) found.push(`${place}.${key}: not in the example`);
  }
  return found;
}
