import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_DIR } from '../config/project-dir.ts';
import { composeParts } from './composition.ts';
import { EXIT, failureReport, stackTrace } from './failure.ts';
import { buildProgram } from './program.ts';

// The composition root of the command line: whoever imports this module runs the command that the process was given.
const { argv, env, stdout, stderr } = process;

// A reader that goes away (`| head`) ends the command as a polite request to stop would.
stdout.once('error', (error: NodeJS.ErrnoException) => {
  stdout.on('error', () => undefined);
  if (error.code !== 'EPIPE') throw error;
  process.kill(process.pid, 'SIGTERM');
});

const parts = composeParts({ env, cwd: process.cwd(), stdout, stderr, process });
try {
  const { version } = JSON.parse(readFileSync(join(PROJECT_DIR, 'package.json'), 'utf8')) as { version: string };
  await buildProgram(parts, { stdout, stderr, version }).parseAsync(argv);
} catch (error) {
  const { code, message, exitCode, said } = failureReport(error);
  if (said !== true) parts.complain({ code, message });
  if (exitCode !== EXIT.ok) {
    if (argv.includes('--json')) stdout.write(`${JSON.stringify({ error: { code, message } }, null, 2)}\n`);
    if (argv.includes('--verbose') || env.DEBUG) stderr.write(`${stackTrace(error)}\n`);
  }
  process.exitCode = exitCode;
} finally {
  await parts.close();
}
