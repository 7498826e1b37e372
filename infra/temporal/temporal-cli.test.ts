import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TEMPORAL_CLI_VERSION, ensureTemporalCli, findTemporalCli } from './temporal-cli.ts';

const PINNED = `temporal version ${TEMPORAL_CLI_VERSION} (Server 1.29.1, UI 2.42.1)`;
const BUILT = 'temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)';

// A machine with nothing on it but what a test puts there: scripts in place of the Temporal CLI and of Go, since the
// real ones take minutes to build. Downloads go to a proxy that nobody runs.
let dir: string;
let said: string[];
const say = (line: string) => void said.push(line);
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stockcast-cli-'));
  said = [];
  vi.stubEnv('PATH', `${join(dir, 'bin')}:/usr/bin:/bin`);
  vi.stubEnv('XDG_CACHE_HOME', join(dir, 'cache'));
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) vi.stubEnv(name, 'http://127.0.0.1:9');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

const cached = () => join(dir, 'cache', 'stockcast', `temporal-${TEMPORAL_CLI_VERSION}`, 'temporal');
const saying = (version: string) => `#!/bin/sh\necho '${version}'\n`;

function script(path: string, content: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  chmodSync(path, 0o755);
}

function go(content: string): void {
  script(join(dir, 'bin', 'go'), `#!/bin/sh\n${content}\n`);
}

/** A Go that takes a moment, notes each build with what it is told beside, and makes a Temporal CLI. */
function workingGo(): void {
  const cli = join(dir, 'made');
  script(cli, saying(BUILT));
  go(
    `echo "GOGC=$GOGC CGO_ENABLED=$CGO_ENABLED GOFLAGS=$GOFLAGS go $@" >> '${dir}/builds'; sleep 0.5; cp '${cli}' "$GOBIN/temporal"`,
  );
}

describe('the pinned Temporal CLI', () => {
  it('is the one on PATH when that has the version', async () => {
    script(join(dir, 'bin', 'temporal'), saying(PINNED));
    script(cached(), saying(PINNED));
    expect(await ensureTemporalCli({ say })).toEqual({
      path: join(dir, 'bin', 'temporal'),
      version: PINNED,
      source: 'PATH',
    });
    expect(said).toEqual([]);
  });

  it.each([
    ['another version', saying('temporal version 1.6.0 (Server 1.30.0, UI 2.45.0)')],
    ['a version that only begins alike', saying('temporal version 1.5.10 (Server 1.30.0, UI 2.45.0)')],
    ['a build of another version', saying('temporal version 0.0.0-DEV (Server 1.30.0, UI 2.45.0)')],
    ['a program that fails', '#!/bin/sh\nexit 1\n'],
  ])('is the one in the cache when PATH has %s', async (_, content) => {
    script(join(dir, 'bin', 'temporal'), content);
    expect(await findTemporalCli()).toBeUndefined();
    script(cached(), saying(BUILT));
    expect(await findTemporalCli()).toEqual({ path: cached(), version: BUILT, source: 'cache' });
  });

  it('is built with Go once, also when two ask at once, and says what is set up and why', async () => {
    workingGo();
    vi.stubEnv('GOFLAGS', '-mod=vendor');
    const wanted = { path: cached(), version: BUILT, source: 'cache' };
    expect(await Promise.all([ensureTemporalCli({ say }), ensureTemporalCli({ say })])).toEqual([wanted, wanted]);
    expect(await ensureTemporalCli({ say })).toEqual(wanted);
    expect(said.sort()).toEqual([
      'another process is setting up the Temporal dev server; waiting for it',
      expect.stringContaining(`building the Temporal dev server ${TEMPORAL_CLI_VERSION} with Go, once per user: runs`),
    ]);
    const quick = 'GOGC=400 CGO_ENABLED=0 GOFLAGS=';
    const lean = '-tags=disable_grpc_modules -ldflags=-s -w -gcflags=all=-dwarf=false';
    const build = `${quick} go install ${lean} github.com/temporalio/cli/cmd/temporal@v${TEMPORAL_CLI_VERSION}\n`;
    expect(readFileSync(join(dir, 'builds'), 'utf8')).toBe(build);
    expect(readdirSync(join(dir, 'cache', 'stockcast'))).toEqual([`temporal-${TEMPORAL_CLI_VERSION}`]);
  });

  it('is not taken half made from a build that was killed, and what that left goes', async () => {
    mkdirSync(join(dir, 'cache', 'stockcast', 'temporal-unfinished-abc'), { recursive: true });
    workingGo();
    await ensureTemporalCli({ say });
    expect(readdirSync(join(dir, 'cache', 'stockcast'))).toEqual([`temporal-${TEMPORAL_CLI_VERSION}`]);
  });

  it('is downloaded where Go fails, and where that fails too, says what to install', async () => {
    go('echo "no module" >&2; exit 1');
    const failure = ensureTemporalCli({ say });
    await expect(failure).rejects.toMatchObject({ code: 'STACK_FAILED' });
    await expect(failure).rejects.toThrow(
      /go install failed.*no module.*download failed.*Install Go .* TEMPORAL_ADDRESS/s,
    );
    expect(said.some((line) => line.startsWith('downloading the Temporal dev server'))).toBe(true);
    expect(existsSync(cached())).toBe(false);
  });

  it('stops being built when called off, and leaves nothing behind', async () => {
    go('exec sleep 60');
    const controller = new AbortController();
    const building = ensureTemporalCli({ say, signal: controller.signal });
    await vi.waitFor(() => expect(said).toHaveLength(1));
    controller.abort(new Error('called off'));
    await expect(building).rejects.toThrow('called off');
    const left = readdirSync(join(dir, 'cache', 'stockcast'), { recursive: true });
    expect(left).toEqual([`temporal-${TEMPORAL_CLI_VERSION}`]);
  });

  it('stops being downloaded when called off, also where nobody answers', async () => {
    go('exit 1');
    const silent = createServer((socket) => socket.on('error', () => {}).resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
    vi.stubEnv('https_proxy', undefined);
    const asked = new Promise((resolve) => silent.once('connection', resolve));
    const controller = new AbortController();
    const downloading = ensureTemporalCli({ say, signal: controller.signal });
    await asked;
    controller.abort(new Error('called off'));
    await expect(downloading).rejects.toThrow('called off');
    const left = readdirSync(join(dir, 'cache', 'stockcast'), { recursive: true });
    expect(left).toEqual([`temporal-${TEMPORAL_CLI_VERSION}`]);
    // Ends only when the process that downloads has let go of its connection.
    await new Promise((resolve) => silent.close(resolve));
  });

  it('is set up in place of a process that was killed while it did so', async () => {
    workingGo();
    const dead = `${process.pid} 1`;
    script(join(dir, 'cache', 'stockcast', `temporal-${TEMPORAL_CLI_VERSION}`, 'temporal.lock', 'owner'), dead);
    expect(await ensureTemporalCli({ say })).toMatchObject({ path: cached() });
    expect(said).toHaveLength(1);
  });
});
