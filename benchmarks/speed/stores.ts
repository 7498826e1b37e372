import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bench, type BenchOptions, type BenchReport, OURSELVES } from '../figure.ts';
import { median } from '../table.ts';
import { postgresRows, redisEntries } from './row-subjects.ts';
import { CPU, storesTable } from './stores-table.ts';
import { BARE_CLIENT, type StoreSubjects, folderObjects, minioObjects } from './store-subjects.ts';

const NAME = 'stores';
const SUBJECTS = [OURSELVES, BARE_CLIENT] as const;
const LARGE: Case = { label: '10MB', bytes: 10_000_000, calls: 1, rounds: 16, warmUp: 2 };
/** Where memory for it comes from matters more than the call does, now and then. */
const LARGE_FILE: Case = { ...LARGE, rounds: 64 };
const SMALL: Case = { label: '10KB', bytes: 10_000, calls: 5, rounds: 40, warmUp: 10 };
// What takes less than a millisecond is worth warming up for: a process that serves does it for days.
const ENTRY: Case = { label: '10KB', bytes: 10_000, calls: 10, rounds: 100, warmUp: 100 };
/** What is put is a row, whatever the bytes. */
const ROW: Case = { label: 'forecast', bytes: 0, calls: 5, rounds: 100, warmUp: 100 };

interface Case {
  readonly label: string;
  readonly bytes: number;
  /** In one turn of a subject. */
  readonly calls: number;
  /** Turns of each subject that are measured. */
  readonly rounds: number;
  /** Turns of each subject before. */
  readonly warmUp: number;
}

/**
 * The stores beside the bare clients of their services, which do the same: the folder syncs file and folder, both note a
 * SHA-256 in MinIO and compare it on reading, ask Redis for the same keys and PostgreSQL the same prepared statements, with
 * the same limits of time. One call after the other; the subjects take turns of a few milliseconds.
 */
export const storesBench: Bench = {
  name: NAME,
  description: 'put and get of the stores, on a folder, MinIO, Redis and PostgreSQL, beside the bare clients',
  subjects: SUBJECTS,
  table: storesTable,
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
      folder: { subjects: folderObjects(dir), cases: [LARGE_FILE, SMALL] },
      minio: { subjects: minio.subjects, cases: [LARGE, SMALL] },
      postgres: { subjects: postgres.subjects, cases: [ROW] },
      ...(typeof redis === 'string' ? {} : { redis: { subjects: redis.subjects, cases: [ENTRY] } }),
    };
    for (let repetition = 0; repetition < options.repetitions; repetition++) {
      for (const [service, { subjects, cases }] of Object.entries(services)) {
        report.progress(`stores: ${service}, ${repetition + 1} of ${options.repetitions}`);
        for (const each of cases) {
          for (const operation of ['put', 'get'] as const) {
            const name = `${service}/${each.label}/${operation}`;
            await measure(subjects, names, { ...each, name, operation, repetition }, report);
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
  report.note(
    'what the middle turn of each case and repetition reached, one call after the other; CPU of this process.',
  );
  report.note(
    'medians over the repetitions; "over bare" is what ours takes longer than the bare client, and its range.',
  );
}

interface Measured extends Case {
  readonly name: string;
  readonly operation: 'put' | 'get';
  readonly repetition: number;
}

/** Thue and Morse's order: whatever happens every few turns, such as a collection of garbage, falls on all alike. */
function isEven(i: number): boolean {
  return i.toString(2).replaceAll('0', '').length % 2 === 0;
}

/** The subjects take short turns, so that what else the machine does falls on all of them alike. */
async function measure(
  subjects: StoreSubjects,
  names: readonly (keyof StoreSubjects)[],
  { name, operation, bytes, calls, rounds, warmUp, repetition }: Measured,
  report: BenchReport,
): Promise<void> {
  const milliseconds = new Map<string, number[]>(names.map((subject) => [subject, []]));
  const cpuMicroseconds = new Map<string, number[]>(names.map((subject) => [subject, []]));
  for (let round = 0; round < warmUp + rounds; round++) {
    // A row is put once; objects are few, since they are large.
    const keys = Array.from({ length: calls }, (_, i) => `${bytes > 0 ? bytes : repetition}/${round * calls + i}`);
    const content = Buffer.alloc(bytes, 'a'.charCodeAt(0) + (round % 26));
    for (const subject of isEven(round) ? names : names.toReversed()) {
      const store = subjects[subject];
      const cpu = process.cpuUsage();
      const started = performance.now();
      for (const key of keys) await (operation === 'put' ? store.put(key, content) : store.get(key));
      const took = performance.now() - started;
      const { user, system } = process.cpuUsage(cpu);
      if (round < warmUp) continue;
      milliseconds.get(subject)!.push(took / calls);
      cpuMicroseconds.get(subject)!.push((user + system) / calls);
    }
  }
  for (const subject of names) {
    // Of the middle turn: one that had to wait for a core would count for all others.
    const seconds = median(milliseconds.get(subject)!) / 1000;
    const figure = { bench: NAME, case: name, subject };
    if (bytes >= 1e6) {
      report.figure({ ...figure, metric: 'mb_per_s', value: bytes / 1e6 / seconds, unit: 'MB/s' });
    } else report.figure({ ...figure, metric: 'ops_per_s', value: 1 / seconds, unit: '1/s' });
    report.figure({ ...figure, metric: CPU, value: median(cpuMicroseconds.get(subject)!), unit: 'us' });
  }
}
