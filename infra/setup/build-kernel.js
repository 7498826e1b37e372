// npm run build:forest-kernel, npm run build:lstm-kernel: compiles a kernel of models/ into the file that holds its
// binary, which is committed, so that the compiler (100 MB) is fetched only by those who change the kernel.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMPILER = 'assemblyscript@0.28.20';
const FLAGS = ['--runtime', 'stub', '--noAssert', '--enable', 'simd,bulk-memory'];

const KERNELS = {
  forest: {
    entry: 'models/forest/kernel/grow-tree.as',
    // The entry takes in the others of its folder.
    wholeFolder: true,
    flags: ['-O3', '--converge'],
    binary: 'models/forest/forest-kernel-binary.ts',
    source: 'kernel/*.as',
    hash: 'KERNEL_SOURCES_SHA256',
    hashed: 'the sources that it was compiled from, in the order of their names',
  },
  lstm: {
    entry: 'models/lstm/lstm-kernel.as',
    wholeFolder: false,
    flags: ['-O3', '--importMemory'],
    binary: 'models/lstm/lstm-kernel-binary.ts',
    source: 'lstm-kernel.as',
    hash: 'KERNEL_SOURCE_SHA256',
    hashed: 'the source that it was compiled from',
  },
};

const name = process.argv[2] ?? '';
if (name !== 'forest' && name !== 'lstm') {
  console.error(`"${name}" is no kernel: node infra/setup/build-kernel.js ${Object.keys(KERNELS).join(' | ')}`);
  process.exit(1);
}
const { entry, wholeFolder, flags, binary, source, hash, hashed } = KERNELS[name];
const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = join(root, dirname(entry));
const folder = mkdtempSync(join(tmpdir(), 'stockcast-kernel-'));
try {
  const digest = createHash('sha256');
  for (const file of wholeFolder ? readdirSync(sources).sort() : [basename(entry)]) {
    digest.update(readFileSync(join(sources, file)));
    // The compiler wants the ending of TypeScript, whose own tools can't read vectors.
    copyFileSync(join(sources, file), join(folder, asTypeScript(file)));
  }
  const asc = ['asc', asTypeScript(basename(entry)), ...flags, ...FLAGS, '-o', 'kernel.wasm'];
  const args = ['exec', '--yes', `--package=${COMPILER}`, '--', ...asc];
  const { status, error } = spawnSync('npm', args, { cwd: folder, stdio: 'inherit' });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed: ${error?.message ?? `exit code ${status}`}`);
  const compiled = readFileSync(join(folder, 'kernel.wasm'));
  writeFileSync(
    join(root, binary),
    `/** ${source} as ${COMPILER} compiles it, in base64: made by \`npm run build:${name}-kernel\`. */
export const KERNEL_BINARY =
  '${compiled.toString('base64')}';

/** SHA-256 of ${hashed}. */
export const ${hash} = '${digest.digest('hex')}';
`,
  );
  console.log(`${compiled.length} bytes`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @param {string} file */
function asTypeScript(file) {
  return file.replace(/\.as$/, '.ts');
}
