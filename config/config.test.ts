import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_THRESHOLDS } from '../domain/gate.ts';
import { DEFAULT_PRICE_SETTINGS } from '../domain/price-source.ts';
import { loadConfig } from './config.ts';
import { SETTINGS } from './settings.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'stockcast-config-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

describe('loadConfig', () => {
  it('has a default for every key', () => {
    const config = loadConfig({}, dir);
    expect(config.temporal.address).toBe('127.0.0.1:7233');
    expect(config.database.url).toBeUndefined();
    expect(config.objectsDir).toBe(join(dir, '.stockcast', 'objects'));
    expect(config.api).toMatchObject({ host: '127.0.0.1', port: 3000 });
    expect(config.external).toEqual({ temporal: false, database: false });
  });

  it('holds the thresholds of the gate, by default those of the domain', () => {
    expect(loadConfig({}, dir).gate).toEqual(DEFAULT_THRESHOLDS);
    const given = {
      STOCKCAST_GATE_MAX_RATIO: '0.99',
      STOCKCAST_GATE_CHAMPION_WORSE_P: '0.01',
      STOCKCAST_GATE_MAX_COVERAGE_ERROR: '0.02',
      STOCKCAST_GATE_CLAIM_P: '0.001',
      STOCKCAST_GATE_MIN_DAYS: '504',
      STOCKCAST_GATE_MIN_INDEPENDENT_DAYS: '50',
      STOCKCAST_GATE_MIN_INDEPENDENT_DAYS_TO_CLAIM: '200',
    };
    expect(Object.values(loadConfig(given, dir).gate)).toEqual(Object.values(given).map(Number));
    expect(() => loadConfig({ STOCKCAST_GATE_CLAIM_P: '5' }, dir)).toThrow(/STOCKCAST_GATE_CLAIM_P="5"/);
  });

  it('holds how live prices are reached, by default as the domain says', () => {
    expect(loadConfig({}, dir).prices).toEqual(DEFAULT_PRICE_SETTINGS);
    const given = {
      STOCKCAST_PRICE_SOURCE: 'yahoo',
      STOCKCAST_YAHOO_URL: 'http://127.0.0.1:9',
      STOCKCAST_PRICE_RATE: '0.5',
    };
    expect(loadConfig(given, dir).prices).toMatchObject({ source: 'yahoo', yahooUrl: 'http://127.0.0.1:9', rate: 0.5 });
    expect(() => loadConfig({ STOCKCAST_PRICE_SOURCE: 'bloomberg' }, dir)).toThrow(
      /STOCKCAST_PRICE_SOURCE="bloomberg"/,
    );
    const keyless = { STOCKCAST_PRICE_SOURCE: 'alpha-vantage' };
    expect(() => loadConfig(keyless, dir)).toThrow(/needs STOCKCAST_ALPHA_VANTAGE_KEY/);
    expect(() => loadConfig({ STOCKCAST_PRICE_MAX_JUMP: '1' }, dir)).toThrow(/STOCKCAST_PRICE_MAX_JUMP="1"/);
    const withKey = loadConfig({ ...keyless, STOCKCAST_ALPHA_VANTAGE_KEY: 'k' }, dir).prices;
    expect(withKey).toMatchObject({ source: 'alpha-vantage', alphaVantageKey: 'k' });
  });

  it('reads where traces go, and hides what opens the collector', () => {
    expect(loadConfig({}, dir).tracing).toBeUndefined();
    const given = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318/',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=b%20c=,x-d=e',
    };
    expect(loadConfig(given, dir).tracing).toEqual({
      endpoint: 'http://127.0.0.1:4318',
      headers: { a: 'b c=', 'x-d': 'e' },
    });
    const load = () => loadConfig({ ...given, OTEL_EXPORTER_OTLP_HEADERS: 'hunter2' }, dir);
    expect(load).toThrow(/OTEL_EXPORTER_OTLP_HEADERS=\(not shown\): expected name=value/);
  });

  it('lets any worker go on with any run unless they are to be pinned', () => {
    expect(loadConfig({}, dir).workers).toMatchObject({ versioning: 'off', deployment: 'stockcast' });
    expect(loadConfig({ STOCKCAST_WORKER_VERSIONING: 'pinned' }, dir).workers.versioning).toBe('pinned');
    expect(() => loadConfig({ STOCKCAST_DEPLOYMENT: 'a.b' }, dir)).toThrow(/STOCKCAST_DEPLOYMENT="a.b"/);
  });

  it('reads whether promotions need approval', () => {
    expect(loadConfig({}, dir).requireApproval).toBe(false);
    expect(loadConfig({ STOCKCAST_REQUIRE_APPROVAL: 'true' }, dir).requireApproval).toBe(true);
    expect(() => loadConfig({ STOCKCAST_REQUIRE_APPROVAL: 'maybe' }, dir)).toThrow(
      /STOCKCAST_REQUIRE_APPROVAL="maybe"/,
    );
  });

  it('names every wrong key, its value and what is expected, in one error', () => {
    const wrong = { STOCKCAST_API_PORT: 'http', TEMPORAL_ADDRESS: 'localhost', STOCKCAST_TENANT: 'A B' };
    expect(() => loadConfig(wrong, dir)).toThrow(
      /STOCKCAST_API_PORT="http".*|TEMPORAL_ADDRESS="localhost": expected host:port.*|STOCKCAST_TENANT="A B"/,
    );
    expect(() => loadConfig({ STOCKCAST_API_PORT: 'http', STOCKCAST_TRAINING_WINDOW: 'some' }, dir)).toThrow(
      /STOCKCAST_API_PORT="http": expected a number; STOCKCAST_TRAINING_WINDOW="some": expected "all" or a whole number/,
    );
    try {
      loadConfig(wrong, dir);
    } catch (error) {
      for (const key of Object.keys(wrong)) expect((error as Error).message).toContain(key);
    }
  });

  it('does not show a password that stands in an address', () => {
    expect(() => loadConfig({ DATABASE_URL: 'mysql://me:secret@db/x' }, dir)).toThrow(/DATABASE_URL=\(not shown\)/);
  });

  it('takes the settings of S3 together or not at all, and shows no secret of theirs', () => {
    expect(loadConfig({}, dir).s3).toBeUndefined();
    const s3 = { S3_ENDPOINT: 'http://127.0.0.1:9000/', S3_ACCESS_KEY: 'me', S3_SECRET_KEY: 'the-secret' };
    expect(loadConfig(s3, dir).s3).toEqual({
      endpoint: 'http://127.0.0.1:9000',
      bucket: 'stockcast',
      region: 'us-east-1',
      accessKey: 'me',
      secretKey: 'the-secret',
    });
    const more = { ...s3, S3_BUCKET: 'prices', S3_REGION: 'eu-central-1', S3_SESSION_TOKEN: 'token' };
    expect(loadConfig(more, dir).s3).toMatchObject({ bucket: 'prices', region: 'eu-central-1', sessionToken: 'token' });
    const problemOf = (env: Record<string, string>) => {
      try {
        loadConfig(env, dir);
      } catch (error) {
        return (error as Error).message;
      }
      throw new Error('it was taken');
    };
    const { S3_ENDPOINT, S3_SECRET_KEY } = s3;
    expect(problemOf({ S3_ENDPOINT })).toContain('S3_ENDPOINT needs S3_ACCESS_KEY, S3_SECRET_KEY');
    expect(problemOf({ S3_BUCKET: 'prices', S3_SECRET_KEY })).toContain(
      'S3_BUCKET, S3_SECRET_KEY need S3_ENDPOINT, S3_ACCESS_KEY',
    );
    expect(problemOf({ ...s3, S3_BUCKET: 'Prices' })).toContain('S3_BUCKET="Prices": expected 3 to 63');
    for (const endpoint of ['minio:9000', 'ftp://minio', 'http://me:the-secret@minio:9000', 'http://minio/stockcast']) {
      const problem = problemOf({ ...s3, S3_ENDPOINT: endpoint });
      expect(problem).toContain('S3_ENDPOINT=(not shown)');
      expect(problem).not.toContain('the-secret');
    }
  });

  it('takes empty variables for unset ones', () => {
    expect(loadConfig({ STOCKCAST_API_PORT: '' }, dir).api.port).toBe(3000);
  });

  it('reads the host names that requests may be made to', () => {
    expect(loadConfig({}, dir).api.allowedHosts).toEqual([]);
    const hosts = (text: string) => loadConfig({ STOCKCAST_ALLOWED_HOSTS: text }, dir).api.allowedHosts;
    expect(hosts('prices.example,stockcast')).toEqual(['prices.example', 'stockcast']);
    for (const wrong of ['https://prices.example', 'prices.example:3000', 'a,,b', 'a, b']) {
      expect(() => hosts(wrong)).toThrow(/STOCKCAST_ALLOWED_HOSTS=".*": expected host names between commas/);
    }
  });

  it('cannot be changed afterwards', () => {
    const config = loadConfig({}, dir) as { api: { port: number } };
    expect(() => {
      config.api.port = 1;
    }).toThrow(TypeError);
  });

  it('takes from the running local stack what the environment leaves open', () => {
    const stateDir = mkdtempSync(join(dir, 'state-'));
    const addresses = {
      temporal: '127.0.0.1:7001',
      temporalUi: 'http://127.0.0.1:8001',
      api: 'http://127.0.0.1:3001',
      databaseUrl: 'postgres://stockcast:p@127.0.0.1:5001/stockcast',
      objectsDir: '/elsewhere/objects',
      temporalNamespace: 'prices',
      s3: { endpoint: 'http://127.0.0.1:9001', bucket: 'b', region: 'r', accessKey: 'a', secretKey: 's' },
    };
    writeFileSync(join(stateDir, 'stack.json'), JSON.stringify({ addresses }));
    const config = loadConfig({ STOCKCAST_STATE_DIR: stateDir }, dir);
    expect(config.temporal).toEqual({
      address: '127.0.0.1:7001',
      namespace: 'prices',
      uiUrl: 'http://127.0.0.1:8001',
    });
    expect(config.database.url).toBe(addresses.databaseUrl);
    expect(config.objectsDir).toBe('/elsewhere/objects');
    expect(config.s3).toEqual(addresses.s3);
    const own = { TEMPORAL_ADDRESS: 'temporal:7233', STOCKCAST_OBJECTS_DIR: 'mine' };
    const other = loadConfig({ STOCKCAST_STATE_DIR: stateDir, ...own }, dir);
    expect(other.temporal).toEqual({ address: 'temporal:7233', namespace: 'default', uiUrl: undefined });
    expect(other.objectsDir).toBe(join(dir, 'mine'));
    expect(other.s3).toBeUndefined();
    expect(other.external).toEqual({ temporal: true, database: false });
    expect(loadConfig({ STOCKCAST_STATE_DIR: stateDir }, dir, () => undefined).database.url).toBeUndefined();
  });

  it("says which file is damaged when the local stack's state cannot be read", () => {
    const stateDir = mkdtempSync(join(dir, 'state-'));
    writeFileSync(join(stateDir, 'stack.json'), '{');
    expect(() => loadConfig({ STOCKCAST_STATE_DIR: stateDir }, dir)).toThrow(/stack\.json is damaged/);
  });

  it('is documented key by key', () => {
    const page = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `([A-Z0-9_]+)` \| [^|]+ \| ([^|]+) \|$/gm)].map((row) => [row[1], row[2]]);
    expect(rows).toEqual(Object.entries(SETTINGS).map(([key, setting]) => [key, setting.description]));
  });
});
