import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../../api/app.ts';
import { type ListeningApi, listen } from '../../api/listen.ts';
import type { ApiParts, ApiSettings, LogEntry } from '../../api/parts.ts';

/** An API that listens on a free port, with what it has logged. */
export interface RunningApi extends Pick<ListeningApi, 'url'> {
  readonly logged: readonly LogEntry[];
  /** Names of what lies in the folder of uploads. */
  uploads(): string[];
  stop(): Promise<void>;
}

/** Parts of an API that a test must say; the rest has defaults. */
type Given = Pick<ApiParts, 'services' | 'temporal'> & {
  readonly pingDatabase?: () => Promise<void>;
  readonly settings?: Partial<ApiSettings>;
};

/** Starts the real API on the given parts. */
export async function startApi({ services, temporal, pingDatabase, settings }: Given): Promise<RunningApi> {
  const uploadsDir = mkdtempSync(join(tmpdir(), 'stockcast-uploads-'));
  const logged: LogEntry[] = [];
  const app = createApp({
    services,
    temporal,
    settings: {
      tenant: 'default',
      principal: 'tester',
      seed: 7,
      trainingWindow: undefined,
      requireApproval: false,
      maxInFlight: 2,
      uploadLimitBytes: 1024 * 1024,
      allowedHosts: [],
      ...settings,
    },
    pingDatabase: pingDatabase ?? (() => Promise.resolve()),
    uploadsDir,
    log: (entry) => logged.push(entry),
    version: '0.0.0-test',
  });
  const api = await listen(app, '127.0.0.1', 0);
  return {
    url: api.url,
    logged,
    uploads: () => readdirSync(uploadsDir),
    stop: async () => {
      await api.stop(1000);
      rmSync(uploadsDir, { recursive: true, force: true });
    },
  };
}
