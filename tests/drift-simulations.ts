// What the simulations of drift-rates.test.ts compute with, compiled apart: hundreds of them take twice as long where
// every statement is counted for coverage. What they call is covered by the tests beside it.
export { compareWindows } from '../models/drift/compare-windows.ts';
export * from './simulated-drift.ts';
