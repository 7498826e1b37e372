import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bench, type BenchOptions, type BenchReport, OURSELVES } from '../figure.ts';
import { BARE_CLIENT, type Objects, folderObjects, minioObjects } from './store-subjects.ts';

const NAME = 'stores';
const SUBJECTS = [OURSELVES, BARE_CLIENT] as const;
const CASES = [
  { label: '10MB', bytes: 10_000_000, times: 5 },
  { label: '10KB', bytes: 10_000, times: 100 },
] as const;

/**
 * The object stores beside the bare clients of their services, which do the same: the folder syncs file and folder, both
 * note a SHA-256 in MinIO and compare it on reading. One call after the other; the subjects take turns.
 */
export const storesBench: Bench = {
  name: NAME,
  description: 'put and get of the object stores, a folder and MinIO, beside the bare clients of their services',
  subjects: SUBJECTS,
  run,
};

async function run(options: BenchOptions, report: BenchReport): Promise<void> {
  const names = SUBJECTS.filter((name) => options.subjects?.includes(name) ?? true);
  const dir = mkdtempSync(join(tmpdir(), 'stockcast-bench-stores-'));
  const minio = await minioObjects((text) => report.progress(text));
  try {
    const services = { folder: folderObjects(dir), minio: minio.subjects };
    for (let repetition = 0; repetition < options.repetitions; repetition++) {
      for (const [service, subjects] of Object.entries(services)) {
        report.progress(`stores: ${service}, ${repetition + 1} of ${options.repetitions}`);
        // Who goes first has no advantage in the long run.
        const order = repetition % 2 === 0 ? names : names.toReversed();
        for (const { label, bytes, times } of CASES) {
          for (const operation of ['put', 'get'] as const) {
            for (const subject of order) {
              const measured = { name: `${service}/${label}/${operation}`, operation, bytes, times, subject };
              await measure(subjects[subject], measured, report);
            }
          }
        }
      }
    }
  } finally {
    await minio.close();
    rmSync(dir, { recursive: true, force: true });
  }
  report.note('medians over the repetitions; a ratio is to stockcast, so above 1x the bare client is faster.');
}

interface Measured {
  readonly name: string;
  readonly operation: 'put' | 'get';
  readonly bytes: number;
  readonly times: number;
  readonly subject: string;
}

async function measure(objects: Objects, measured: Measured, report: BenchReport): Promise<void> {
  const { name, operation, bytes, times, subject } = measured;
  const contents = Array.from({ length: times }, (_, i) => Buffer.alloc(bytes, i));
  const keys = contents.map((_, i) => `${bytes}/${i}`);
  // Folders and connections are made before time is taken; what is got has been put by then.
  await objects.put(keys[0]!, contents[0]!);
  const started = performance.now();
  for (const [i, key] of keys.entries()) {
    if (operation === 'put') await objects.put(key, contents[i]!);
    else await objects.get(key);
  }
  const seconds = (performance.now() - started) / 1000;
  const figure = { bench: NAME, case: name, subject };
  if (bytes >= 1e6) {
    report.figure({ ...figure, metric: 'mb_per_s', value: (bytes * times) / 1e6 / seconds, unit: 'MB/s' });
  } else report.figure({ ...figure, metric: 'ops_per_s', value: times / seconds, unit: '1/s' });
}
