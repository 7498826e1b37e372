import type { Colors } from '../output.ts';
import type { Finding } from '../../domain/finding.ts';
import { plainTable } from './plain-table.ts';

/** What `doctor` found, one part a line. */
export function findingTable(findings: readonly Finding[], colors: Colors): string {
  const columns = ['part', '', 'version', 'where'].map((heading) => ({ heading }));
  const rows = findings.map(({ part, status, version, where, hint }) => [
    part,
    status === 'ok' ? colors.green(status) : colors.red(status),
    version ?? '',
    [where, hint].filter((text) => text !== undefined).join('; '),
  ]);
  return plainTable(columns, rows, colors);
}
