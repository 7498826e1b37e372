// npm run build:lstm-kernel: compiles models/lstm/lstm-kernel.as into lstm-kernel-binary.ts, which is committed, so that
// the compiler (100 MB) is fetched only by those who change the kernel.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMPILER = 'assemblyscript@0.28.20';
const FLAGS = ['-O3', '--runtime', 'stub', '--importMemory', '--noAssert', '--enable', 'simd,bulk-memory'];

const source = fileURLToPath(new URL('../../models/lstm/lstm-kernel.as', import.meta.url));
const binary = fileURLToPath(new URL('../../models/lstm/lstm-kernel-binary.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'stockcast-kernel-'));
try {
  // The compiler wants the ending of TypeScript, whose own tools can't read vectors.
  copyFileSync(source, join(folder, 'kernel.ts'));
  const args = ['exec', '--yes', `--package=${COMPILER}`, '--', 'asc', 'kernel.ts', ...FLAGS, '-o', 'kernel.wasm'];
  const { status, error } = spawnSync('npm', args, { cwd: folder, stdio: 'inherit' });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed: ${error?.message ?? `exit code ${status}`}`);
  const compiled = readFileSync(join(folder, 'kernel.wasm'));
  writeFileSync(
    binary,
    `/** lstm-kernel.as as ${COMPILER} compiles it, in base64: made by \`npm run build:lstm-kernel\`. */
export const KERNEL_BINARY =
  '${compiled.toString('base64')}';

/** SHA-256 of the source that it was compiled from. */
export const KERNEL_SOURCE_SHA256 = '${createHash('sha256').update(readFileSync(source)).digest('hex')}';
`,
  );
  console.log(`${compiled.length} bytes`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
