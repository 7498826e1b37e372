const SECRETS_IN_TEXT: readonly (readonly [RegExp, string])[] = [
  [/(\w+:\/\/)[^\s/@]+@/g, '$1***@'],
  [/\b(bearer|basic)\s+[\w.~+/=-]+/gi, '$1 ***'],
  [
    /\b((?:api_?key|password|passwd|secret|token|crumb|cookie|authorization)["']?\s*[=:]\s*["']?)[^\s&"',;]+/gi,
    '$1***',
  ],
];

/** A text without passwords in addresses, keys in queries and tokens of headers. */
export function withoutSecrets(text: string): string {
  return SECRETS_IN_TEXT.reduce((clean, [pattern, replacement]) => clean.replace(pattern, replacement), text);
}
