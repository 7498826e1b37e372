import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_DIR } from '../config/project-dir.ts';
import { composeParts } from './composition.ts';
import { runCommandLine } from './run-command-line.ts';

// What TensorFlow's native library, where it is installed, tells of its build at each start; its errors are shown. It asks
// the process itself, so that a training thread could not set this.
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';

// The composition root of the command line: whoever imports this module runs the command that the process was given.
const { argv, env, stdout, stderr } = process;

// A reader that goes away (`| head`) ends the command as a polite request to stop would.
stdout.once('error', (error: NodeJS.ErrnoException) => {
  stdout.on('error', () => undefined);
  if (error.code !== 'EPIPE') throw error;
  process.kill(process.pid, 'SIGTERM');
});

const parts = composeParts({ env, cwd: process.cwd(), stdout, stderr, process });
const { version } = JSON.parse(readFileSync(join(PROJECT_DIR, 'package.json'), 'utf8')) as { version: string };
const debug = env.DEBUG !== undefined && env.DEBUG !== '';
await runCommandLine(parts, { args: argv.slice(2), stdout, stderr, version, debug });
