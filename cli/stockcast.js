#!/usr/bin/env node
// Plain JavaScript, so that it can say what is wrong where nothing is installed yet.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`stockcast needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}
try {
  const { register } = await import('tsx/esm/api');
  register();
} catch (error) {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error('The packages are not installed: run npm start (or npm install) in the project folder first.');
  process.exit(1);
}
await import('./main.ts');
