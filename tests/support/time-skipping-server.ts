import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from '../../infra/go-program.ts';
import { withFolderLock } from '../../infra/setup/folder-lock.js';

const VERSION = '1.32.0';
const MAKING_MS = 10 * 60_000;

const run = promisify(execFile);

/**
 * Temporal's time-skipping test server, from the user's cache or, once per user, from Maven: its program, or a text that
 * says why there is none on this machine.
 */
export async function timeSkippingServer(): Promise<{ readonly path: string } | string> {
  try {
    await run('java', ['-version']);
  } catch {
    return 'there is no Java';
  }
  const home = join(cacheDir(), `temporal-test-server-${VERSION}`);
  return withFolderLock(`${home}.lock`, {}, async () => {
    if (!existsSync(home)) {
      mkdirSync(cacheDir(), { recursive: true });
      const dir = mkdtempSync(`${home}-unfinished-`);
      try {
        console.error(`fetching Temporal's time-skipping test server with Maven, once per user: minutes`);
        writeFileSync(join(dir, 'pom.xml'), POM);
        const copying = ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib', '-DincludeScope=runtime'];
        await run('mvn', copying, { cwd: dir, timeout: MAKING_MS });
        const program = join(dir, 'temporal-test-server');
        // Named by its place, since that of the folder changes once it is whole.
        writeFileSync(
          program,
          `#!/bin/sh\nexec java -Xmx256m -cp "${home}/lib/*" io.temporal.testserver.TestServer "$@"\n`,
        );
        chmodSync(program, 0o755);
        renameSync(dir, home);
      } catch (error) {
        return `Maven can't fetch it: ${(error as Error).message}`;
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    }
    return { path: join(home, 'temporal-test-server') };
  });
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>stockcast</groupId>
  <artifactId>time-skipping-server</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId>
      <artifactId>temporal-test-server</artifactId>
      <version>${VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;
