import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { SessionDate } from '../domain/bar.ts';
import { isIsoDate } from '../domain/calendar.ts';
import { StockcastError } from '../domain/errors.ts';
import { type Horizon, parseHorizon } from '../domain/horizon.ts';
import type { TrainingWindow } from '../domain/model-version.ts';
import { parseTicker } from '../domain/ticker.ts';
import type { SearchBudget } from '../domain/parameter-search.ts';
import {
  LARGEST_SEED,
  LEAST_TRIALS,
  LEAST_WINDOW,
  MOST_EMBARGO,
  MOST_SEARCH_SECONDS,
  MOST_TRIALS,
} from '../domain/training-limits.ts';

/** The options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** What `--source` means. */
export const SOURCE_HELP = 'price source asked for newer sessions first: csv (none), yahoo or alpha-vantage';

/** Adds the options that every command has, and its examples to `--help`. */
export function withCommonOptions(command: Command, examples: readonly string[]): Command {
  const shown = examples.map((example) => `  $ npx stockcast ${example}`.trimEnd()).join('\n');
  return command
    .option('--json', 'one JSON document on stdout, progress on stderr')
    .option('--verbose', 'show stack traces of errors')
    .addHelpText('after', `\nExamples:\n${shown}`);
}

/**
 * Reads `A,B,C`.
 * @throws StockcastError TICKER_INVALID, REQUEST_INVALID when there is none
 */
export function tickerList(text: string): string[] {
  return list('--tickers', text).map(parseTicker);
}

/** Collects tickers given as separate arguments. */
export function tickerArguments(text: string, before: readonly string[] = []): string[] {
  return [...before, parseTicker(text)];
}

/**
 * Reads `1,10`.
 * @throws StockcastError HORIZON_INVALID, REQUEST_INVALID when there is none
 */
export function horizonList(text: string): Horizon[] {
  return list('--horizons', text).map((horizon) => parseHorizon(horizon));
}

/** Reads one horizon. */
export function horizonOption(text: string): Horizon {
  return parseHorizon(text);
}

/** Reads `linear,random-forest`; whether there are such kinds is for the use cases to say. */
export function kindList(text: string): string[] {
  return list('--kinds', text);
}

/** @throws StockcastError REQUEST_INVALID */
export function windowOption(text: string): TrainingWindow {
  if (text === 'all') return text;
  return wholeNumber('--window', text, LEAST_WINDOW, Number.MAX_SAFE_INTEGER, '"all" or a whole number of sessions');
}

/** @throws StockcastError REQUEST_INVALID */
export function seedOption(text: string): number {
  return wholeNumber('--seed', text, 0, LARGEST_SEED);
}

/** @throws StockcastError REQUEST_INVALID */
export function embargoOption(text: string): number {
  return wholeNumber('--embargo', text, 0, MOST_EMBARGO, 'a whole number of sessions');
}

/** The options of a search for parameters. */
export interface SearchOptions {
  readonly trials?: number;
  readonly searchSeconds?: number;
}

/** Adds the options of a search for parameters. */
export function withSearchOptions(command: Command): Command {
  return command
    .option('--trials <number>', 'first search for parameters: settings to try for each kind and horizon', (text) =>
      wholeNumber('--trials', text, LEAST_TRIALS, MOST_TRIALS),
    )
    .option('--search-seconds <number>', 'end each search after so long', (text) =>
      wholeNumber('--search-seconds', text, 1, MOST_SEARCH_SECONDS),
    );
}

/**
 * How much a search may try; undefined when none is asked for.
 * @throws StockcastError REQUEST_INVALID for a time cap on no search
 */
export function searchBudget({ trials, searchSeconds }: SearchOptions): SearchBudget | undefined {
  if (trials !== undefined) return { trials, ...(searchSeconds === undefined ? {} : { maxSeconds: searchSeconds }) };
  if (searchSeconds === undefined) return undefined;
  const problem = `belongs to --trials (${LEAST_TRIALS} to ${MOST_TRIALS}), which is missing`;
  throw new StockcastError('REQUEST_INVALID', { field: '--search-seconds', problem });
}

/** @throws StockcastError REQUEST_INVALID */
export function limitOption(text: string): number {
  return wholeNumber('--limit', text, 1, 1000);
}

/** Reads a whole number, 1 or more. */
export function countOption(field: string, most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => wholeNumber(field, text, 1, most);
}

/** @throws StockcastError REQUEST_INVALID */
export function offsetOption(text: string): number {
  return wholeNumber('--offset', text, 0, Number.MAX_SAFE_INTEGER);
}

/** @throws StockcastError REQUEST_INVALID */
export function daysOption(text: string): number {
  return wholeNumber('--older-than-days', text, 1, 100_000, 'a whole number of days');
}

/** Reads `20,40,80`. @throws StockcastError REQUEST_INVALID */
export function looksOption(text: string): number[] {
  return list('--looks', text).map((n) => wholeNumber('--looks', n, 1, Number.MAX_SAFE_INTEGER));
}

/** Reads a number; what is possible is for the use cases to say. @throws StockcastError REQUEST_INVALID */
export function fractionOption(field: string, text: string): number {
  if (/^\d*\.?\d+$/.test(text)) return Number(text);
  throw new StockcastError('REQUEST_INVALID', {
    field: `${field} "${text}"`,
    problem: 'expected a number such as 0.1',
  });
}

/** @throws StockcastError DATE_INVALID */
export function dateOption(text: string): SessionDate {
  if (!isIsoDate(text))
    throw new StockcastError('DATE_INVALID', { date: text, expected: 'a day of the calendar, as YYYY-MM-DD' });
  return text;
}

/**
 * The absolute path of a file that is there.
 * @throws StockcastError FILE_UNREADABLE
 */
export function fileOption(text: string): string {
  const path = resolve(text);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined)
    throw new StockcastError('FILE_UNREADABLE', { file: text, problem: 'there is no such file' });
  if (found.isDirectory()) throw new StockcastError('FILE_UNREADABLE', { file: text, problem: 'it is a folder' });
  return path;
}

function list(field: string, text: string): string[] {
  const items = text.split(',').map((item) => item.trim());
  if (items.includes('')) {
    throw new StockcastError('REQUEST_INVALID', {
      field: `${field} "${text}"`,
      problem: 'expected values between commas',
    });
  }
  return items;
}

function wholeNumber(field: string, text: string, least: number, most: number, what = 'a whole number'): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
  const problem = `expected ${what}, ${range}`;
  throw new StockcastError('REQUEST_INVALID', { field: `${field} "${text}"`, problem });
}
