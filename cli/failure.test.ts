import { CommanderError } from 'commander';
import { expect, test } from 'vitest';
import { ERRORS, type ErrorCode, StockcastError } from '../domain/errors.ts';
import { EXIT, Interrupted, failureReport, stackTrace } from './failure.ts';

test('a failure keeps its code and message', () => {
  const report = failureReport(new StockcastError('TICKER_UNKNOWN', { ticker: 'ZZZ', known: ['AAPL'] }));
  expect(report).toMatchObject({ code: 'TICKER_UNKNOWN', exitCode: EXIT.failure });
  expect(report.message).toContain('ZZZ');
});

test('what cannot be met as worded exits as usage, everything else as failure', () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const { exitCode } = failureReport(new StockcastError(code));
    expect([code, exitCode]).toEqual([code, ERRORS[code].status === 400 ? 2 : 1]);
  }
});

test('a database or Temporal that is away is followed by what may help', () => {
  for (const code of ['DATABASE_UNAVAILABLE', 'TEMPORAL_UNAVAILABLE'] as const) {
    expect(failureReport(new StockcastError(code)).message).toContain('npm start');
  }
  expect(failureReport(new StockcastError('RUN_UNKNOWN')).message).not.toContain('npm start');
});

test('the parser exits as usage, or well where it only showed help', () => {
  expect(failureReport(new CommanderError(1, 'commander.unknownOption', "error: unknown option '--x'"))).toEqual({
    code: 'USAGE',
    message: "unknown option '--x'",
    exitCode: EXIT.usage,
    said: true,
  });
  expect(failureReport(new CommanderError(0, 'commander.help', '(outputHelp)')).exitCode).toBe(EXIT.ok);
});

test('an interruption and a surprise are told apart', () => {
  expect(failureReport(new Interrupted('stopped')).exitCode).toBe(EXIT.interrupted);
  expect(failureReport(new TypeError('x is not a function'))).toMatchObject({
    code: 'UNEXPECTED',
    exitCode: EXIT.failure,
  });
  expect(failureReport('thrown text').message).toContain('thrown text');
});

test('a stack trace goes down to the first cause', () => {
  const trace = stackTrace(new Error('above', { cause: new Error('below') }));
  expect(trace).toContain('above');
  expect(trace).toContain('caused by: Error: below');
});
