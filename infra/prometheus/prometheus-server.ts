import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DebianProgram, ensureDebianProgram } from '../debian-program.ts';

/** Finds Prometheus, or unpacks Debian's into the user's cache; a text says why none can be had. */
export function ensurePrometheus(): Promise<DebianProgram | string> {
  return ensureDebianProgram('prometheus', 'prometheus', ['prometheus']);
}

/**
 * The arguments of a Prometheus on 127.0.0.1 alone that scrapes the given addresses (`host:port`, by job) each five
 * seconds. Its configuration and its data lie in `dir`.
 */
export function prometheusServer(dir: string, port: number, targets: Readonly<Record<string, string>>): string[] {
  mkdirSync(dir, { recursive: true });
  const config = join(dir, 'prometheus.yml');
  // JSON is YAML.
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: '5s' },
      scrape_configs: Object.entries(targets).map(([job, target]) => ({
        job_name: job,
        static_configs: [{ targets: [target] }],
      })),
    }),
  );
  return [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ];
}
