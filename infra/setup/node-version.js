/**
 * Why a version of Node is too old, in words; undefined when it is not.
 * @param {string} version
 */
export function whyNotThisNode(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return undefined;
  return `stockcast needs Node 20.19 or newer; this is ${version} (${process.execPath}).`;
}
