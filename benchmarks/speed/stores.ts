import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bench, type BenchOptions, type BenchReport, OURSELVES } from '../figure.ts';
import { median } from '../table.ts';
import { postgresRows, redisEntries } from './row-subjects.ts';
import { BARE_CLIENT, type StoreSubjects, folderObjects, minioObjects } from './store-subjects.ts';

const NAME = 'stores';
const SUBJECTS = [OURSELVES, BARE_CLIENT] as const;
const LARGE = { label: '10MB', bytes: 10_000_000, times: 16 };
const SMALL = { label: '10KB', bytes: 10_000, times: 100 };
/** What is put is a row, whatever the bytes. */
const ROW = { label: 'forecast', bytes: 0, times: 300 };

/**
 * The stores beside the bare clients of their services, which do the same: the folder syncs file and folder, both note a
 * SHA-256 in MinIO and compare it on reading, ask Redis for the same keys and PostgreSQL the same statements. One call
 * after the other; the subjects take turns.
 */
export const storesBench: Bench = {
  name: NAME,
  description: 'put and get of the stores, on a folder, MinIO, Redis and PostgreSQL, beside the bare clients',
  subjects: SUBJECTS,
  run,
};

async function run(options: BenchOptions, report: BenchReport): Promise<void> {
  const names = SUBJECTS.filter((name) => options.subjects?.includes(name) ?? true);
  const dir = mkdtempSync(join(tmpdir(), 'stockcast-bench-stores-'));
  const minio = await minioObjects((text) => report.progress(text));
  const postgres = await postgresRows();
  const redis = await redisEntries();
  try {
    const services = {
      folder: { subjects: folderObjects(dir), cases: [LARGE, SMALL] },
      minio: { subjects: minio.subjects, cases: [LARGE, SMALL] },
      postgres: { subjects: postgres.subjects, cases: [ROW] },
      ...(typeof redis === 'string' ? {} : { redis: { subjects: redis.subjects, cases: [SMALL] } }),
    };
    for (let repetition = 0; repetition < options.repetitions; repetition++) {
      for (const [service, { subjects, cases }] of Object.entries(services)) {
        report.progress(`stores: ${service}, ${repetition + 1} of ${options.repetitions}`);
        for (const { label, bytes, times } of cases) {
          for (const operation of ['put', 'get'] as const) {
            const measured = { name: `${service}/${label}/${operation}`, operation, bytes, times };
            await measure(subjects, names, measured, report);
          }
        }
      }
    }
  } finally {
    if (typeof redis !== 'string') await redis.close();
    await postgres.close();
    await minio.close();
    rmSync(dir, { recursive: true, force: true });
  }
  if (typeof redis === 'string') report.note(`redis was left out: ${redis}`);
  report.note('what the middle call of each case and repetition reached, one call after the other.');
  report.note('medians over the repetitions; a ratio is to stockcast, so above 1x the bare client is faster.');
}

interface Measured {
  readonly name: string;
  readonly operation: 'put' | 'get';
  readonly bytes: number;
  readonly times: number;
}

/** Thue and Morse's order: whatever happens every few calls, such as a collection of garbage, falls on all alike. */
function isEven(i: number): boolean {
  return i.toString(2).replaceAll('0', '').length % 2 === 0;
}

/** The subjects take turns call by call, so that what else the machine does falls on all of them alike. */
async function measure(
  subjects: StoreSubjects,
  names: readonly (keyof StoreSubjects)[],
  { name, operation, bytes, times }: Measured,
  report: BenchReport,
): Promise<void> {
  const contents = Array.from({ length: times }, (_, i) => Buffer.alloc(bytes, i));
  const keyOf = (i: number) => `${bytes}/${i}`;
  // Folders and connections are made before time is taken; what is got has been put by then.
  for (const subject of names) await subjects[subject].put(keyOf(0), contents[0]!);
  const milliseconds = new Map<string, number[]>(names.map((name) => [name, []]));
  for (const [i, content] of contents.entries()) {
    for (const subject of isEven(i) ? names : names.toReversed()) {
      const started = performance.now();
      if (operation === 'put') await subjects[subject].put(keyOf(i), content);
      else await subjects[subject].get(keyOf(i));
      milliseconds.get(subject)!.push(performance.now() - started);
    }
  }
  for (const subject of names) {
    // Of the middle call: one that had to wait for a core would count for all others.
    const seconds = median(milliseconds.get(subject)!) / 1000;
    const figure = { bench: NAME, case: name, subject };
    if (bytes >= 1e6) {
      report.figure({ ...figure, metric: 'mb_per_s', value: bytes / 1e6 / seconds, unit: 'MB/s' });
    } else report.figure({ ...figure, metric: 'ops_per_s', value: 1 / seconds, unit: '1/s' });
  }
}
