/** What was found of one thing that the project needs or can use on a machine. */
export interface Finding {
  readonly part: string;
  readonly status: 'ok' | 'missing' | 'wrong';
  readonly version?: string;
  readonly where?: string;
  /** What to do, or what it is for. */
  readonly hint?: string;
}
