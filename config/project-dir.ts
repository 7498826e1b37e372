import { fileURLToPath } from 'node:url';

/** The folder that the project lies in. */
export const PROJECT_DIR = fileURLToPath(new URL('..', import.meta.url));
