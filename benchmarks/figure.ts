/** One measurement, and one line of `--json`: what `subject` reached in `case`; each repetition is a figure of its own. */
export interface Figure {
  readonly bench: string;
  readonly case: string;
  /** `stockcast` or the peer's name. */
  readonly subject: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
}

/** How this project is called among the subjects. */
export const OURSELVES = 'stockcast';

/** What a person asked of a bench. */
export interface BenchOptions {
  /** How often everything is measured, at least once. */
  readonly repetitions: number;
  /** Whether to measure also what takes very long. */
  readonly full: boolean;
  /** How many universes to simulate, for a bench that does; absent leaves it to the bench. */
  readonly universes?: number;
  /** The subjects to measure; absent means all. */
  readonly subjects?: readonly string[];
}

/** Where a bench says what it found. */
export interface BenchReport {
  figure(figure: Figure): void;
  /** What a reader must know to judge the figures, for example what was left out and why. */
  note(text: string): void;
  /** What happens now. */
  progress(text: string): void;
}

/** A comparison that can be run by name. */
export interface Bench {
  readonly name: string;
  /** One sentence for people. */
  readonly description: string;
  /** Names of what it can measure, ourselves first. */
  readonly subjects: readonly string[];
  /** The figures for people, where the table of medians and ratios to ours doesn't suit them. */
  table?(figures: readonly Figure[]): string;
  run(options: BenchOptions, report: BenchReport): Promise<void>;
}
