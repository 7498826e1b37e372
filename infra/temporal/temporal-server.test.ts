import { expect, it } from 'vitest';
import { PROMPT_DISPATCH, temporalServer } from './temporal-server.ts';

it('listens on this machine alone, hands out what is due at once, and keeps its state where it is told to', () => {
  const at = { path: '/bin/temporal', port: 7233, uiPort: 8233 };
  const { command, args } = temporalServer({ ...at, dbFile: '/state/temporal.db' });
  expect(command).toBe('/bin/temporal');
  const said = args.join(' ');
  expect(said).toMatch(/^server start-dev --ip 127\.0\.0\.1 --port 7233 --ui-port 8233 /);
  expect(said).toContain(PROMPT_DISPATCH.join(' '));
  expect(said).toContain('--db-filename /state/temporal.db');
  expect(temporalServer(at).args).not.toContain('--db-filename');
});
