#!/usr/bin/env node
// Plain JavaScript, so that it can say what is wrong where nothing is installed yet.
import { whyNotThisNode } from '../infra/setup/node-version.js';

const tooOld = whyNotThisNode(process.versions.node);
if (tooOld !== undefined) {
  console.error(tooOld);
  process.exit(1);
}
// What goes wrong is told where it stands in the sources.
process.setSourceMapsEnabled(true);
await import(await program());

async function program() {
  try {
    const { compiledProgram } = await import('../infra/setup/program.js');
    return await compiledProgram('cli/main.ts');
  } catch (error) {
    if (!(/** @type {NodeJS.ErrnoException} */ (error).code?.endsWith('MODULE_NOT_FOUND'))) throw error;
    console.error('The packages are not installed: run npm start (or npm install) in the project folder first.');
    process.exit(1);
  }
}
