// npm run build:forest-kernel: compiles models/forest/kernel/*.as into forest-kernel-binary.ts, which is committed, so
// that the compiler (100 MB) is fetched only by those who change the kernel.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMPILER = 'assemblyscript@0.28.20';
const FLAGS = ['-O3', '--converge', '--runtime', 'stub', '--noAssert', '--enable', 'simd,bulk-memory'];
const ENTRY = 'grow-tree';

const sources = fileURLToPath(new URL('../../models/forest/kernel', import.meta.url));
const binary = fileURLToPath(new URL('../../models/forest/forest-kernel-binary.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'stockcast-kernel-'));
try {
  const hash = createHash('sha256');
  for (const file of readdirSync(sources).sort()) {
    hash.update(readFileSync(join(sources, file)));
    // The compiler wants the ending of TypeScript, whose own tools can't read vectors.
    copyFileSync(join(sources, file), join(folder, file.replace(/\.as$/, '.ts')));
  }
  const asc = ['asc', `${ENTRY}.ts`, ...FLAGS, '-o', 'kernel.wasm'];
  const args = ['exec', '--yes', `--package=${COMPILER}`, '--', ...asc];
  const { status, error } = spawnSync('npm', args, { cwd: folder, stdio: 'inherit' });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed: ${error?.message ?? `exit code ${status}`}`);
  const compiled = readFileSync(join(folder, 'kernel.wasm'));
  writeFileSync(
    binary,
    `/** kernel/*.as as ${COMPILER} compiles it, in base64: made by \`npm run build:forest-kernel\`. */
export const KERNEL_BINARY =
  '${compiled.toString('base64')}';

/** SHA-256 of the sources that it was compiled from, in the order of their names. */
export const KERNEL_SOURCES_SHA256 = '${hash.digest('hex')}';
`,
  );
  console.log(`${compiled.length} bytes`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
