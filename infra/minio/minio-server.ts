import { type FoundProgram, type GoProgram, type SetUpOptions, ensureProgram } from '../go-program.ts';

const MINIO: GoProgram = {
  name: 'minio',
  version: '0.0.0-20260212201848-7aac2a2c5b7c',
  module: 'github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c',
  title: 'MinIO',
  purpose: 'keeps objects as S3 does',
  part: 'MinIO',
  // One built by go install does not know its version, and any release will do.
  isPinned: (printed) => printed.startsWith('minio version '),
};

/**
 * Finds a MinIO server or makes one: what the variable STOCKCAST_MINIO names, else one on PATH or in the user's cache,
 * else built with Go.
 * @throws StockcastError STACK_FAILED saying what to install, when nothing works
 */
export async function ensureMinio(options: SetUpOptions): Promise<Pick<FoundProgram, 'path'>> {
  if (process.env.STOCKCAST_MINIO) return { path: process.env.STOCKCAST_MINIO };
  return ensureProgram(MINIO, options, {
    makers: [],
    advice:
      'Install Go (https://go.dev/dl) or MinIO (https://min.io/download) and start again, or name its program in STOCKCAST_MINIO',
  });
}

/** How to run a MinIO server as a child process. */
export interface MinioServerOptions {
  /** The MinIO server's program. */
  readonly path: string;
  readonly port: number;
  /** Folder that it keeps its data in. */
  readonly dir: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** The command line and variables of a MinIO server on 127.0.0.1 alone, without its web console. */
export function minioServer({ path, port, dir, accessKey, secretKey }: MinioServerOptions) {
  return {
    command: path,
    args: ['server', dir, '--address', `127.0.0.1:${port}`, '--quiet'],
    env: {
      MINIO_ROOT_USER: accessKey,
      MINIO_ROOT_PASSWORD: secretKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
    },
  };
}
