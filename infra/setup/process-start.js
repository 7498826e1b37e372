import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * When the process with this id started, in the system's own words; undefined when none runs. With the id it names one
 * process for good, since ids are given again to others.
 * @param {number} pid
 * @returns {string | undefined}
 */
export function startOf(pid) {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The command's name stands in parentheses and may hold anything; the fields count from behind it.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // A zombie has ended, though nobody has taken note of it yet.
      return fields[0] === 'Z' ? undefined : fields[19];
    }
    const options = { encoding: /** @type {const} */ ('utf8'), stdio: /** @type {const} */ ('pipe') };
    // Another time zone or language must not make another process of it.
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { ...options, env }).trim() || undefined;
  } catch {
    // Neither /proc nor ps know it: it has ended.
    return undefined;
  }
}
