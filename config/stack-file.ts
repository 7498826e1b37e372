import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { StockcastError } from '../domain/errors.ts';

const s3 = z.object({
  endpoint: z.string(),
  bucket: z.string(),
  region: z.string(),
  accessKey: z.string(),
  secretKey: z.string(),
  sessionToken: z.string().optional(),
});

/** The bucket of the objects, and who asks for it. */
export type S3Settings = z.infer<typeof s3>;

const stackFile = z.looseObject({
  addresses: z.object({
    /** Temporal frontend, `host:port`. */
    temporal: z.string(),
    temporalNamespace: z.string().optional(),
    /** Base address of the Web UI; absent with an external Temporal. */
    temporalUi: z.string().optional(),
    /** Base address of the API. */
    api: z.string(),
    databaseUrl: z.string(),
    objectsDir: z.string(),
    /** Absent where the folder keeps the objects. */
    s3: s3.optional(),
  }),
  /** Which servers the environment named when the stack started, so that it did not boot them. */
  external: z.object({ temporal: z.boolean(), database: z.boolean() }).default({ temporal: false, database: false }),
});

/** What the local stack writes down while it runs. */
export type StackFile = z.infer<typeof stackFile>;

/** Where the parts of the local stack can be reached, external ones included. */
export type StackAddresses = StackFile['addresses'];

/** Name of the state file of the local stack, in the state folder. */
export const STACK_FILE = 'stack.json';

/**
 * Reads `stack.json`, which the local stack writes while it runs; undefined when no stack has run here.
 * @throws StockcastError CONFIG_INVALID when the file is there but not readable as what it should be
 */
export function readStackFile(stateDir: string): StackFile | undefined {
  const path = join(stateDir, STACK_FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return stackFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new StockcastError(
      'CONFIG_INVALID',
      { problems: `${path} is damaged; stop the stack, delete the file and start again` },
      { cause },
    );
  }
}
