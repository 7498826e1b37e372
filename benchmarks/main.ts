import { Command, InvalidArgumentError } from 'commander';
import { BENCHES, benchNamed } from './benches.ts';
import type { Bench, BenchOptions, Figure } from './figure.ts';
import { figureTable } from './table.ts';

interface CommandOptions {
  readonly json?: true;
  readonly full?: true;
  readonly repeat: number;
  readonly universes?: number;
  readonly subjects?: readonly string[];
}

const program = new Command('npm run bench --')
  .description('Measures this project beside its peers. Figures go to standard output, progress to standard error.')
  .argument('<name>', '"list" to see which benches there are, or the name of one')
  .option('--json', 'print one line of JSON per figure')
  .option('--full', 'measure also what takes very long')
  .option('--repeat <times>', 'how often to measure everything', wholeNumber, 5)
  .option('--universes <count>', 'how many universes to simulate (gate)', wholeNumber)
  .option('--subjects <names>', 'measure only these, separated by commas', (names) => names.split(','))
  .action(main);

await program.parseAsync();

async function main(name: string, options: CommandOptions): Promise<void> {
  try {
    if (name === 'list') list(options.json === true);
    else await measure(benchNamed(name), options);
  } catch (error) {
    // One line for a person; what lies behind it only where it says more.
    const cause = error instanceof Error && error.cause instanceof Error ? `\n${error.cause.message}` : '';
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}${cause}\n`);
    process.exitCode = 1;
  }
}

function list(asJson: boolean): void {
  const width = Math.max(...BENCHES.map((bench) => bench.name.length));
  for (const { name, description, subjects } of BENCHES) {
    const line = asJson
      ? JSON.stringify({ bench: name, description, subjects })
      : `${name.padEnd(width)}  ${description} (${subjects.join(', ')})`;
    process.stdout.write(`${line}\n`);
  }
}

async function measure(bench: Bench, { json, full, repeat, universes, subjects }: CommandOptions): Promise<void> {
  const unknown = subjects?.find((subject) => !bench.subjects.includes(subject));
  if (unknown !== undefined) {
    throw new Error(`The bench ${bench.name} has no subject "${unknown}". There are: ${bench.subjects.join(', ')}.`);
  }
  const figures: Figure[] = [];
  const notes: string[] = [];
  const options: BenchOptions = {
    repetitions: repeat,
    full: full === true,
    ...(universes === undefined ? {} : { universes }),
    ...(subjects === undefined ? {} : { subjects }),
  };
  await bench.run(options, {
    figure: (figure) => {
      figures.push(figure);
      if (json) process.stdout.write(`${figureLine(figure)}\n`);
    },
    note: (text) => void notes.push(text),
    progress: (text) => void process.stderr.write(`${text}\n`),
  });
  if (!json) process.stdout.write(`${(bench.table ?? figureTable)(figures)}\n`);
  const noteStream = json ? process.stderr : process.stdout;
  for (const note of notes) noteStream.write(`Note: ${note}\n`);
}

/** The fields in the order that is documented, whatever order the bench gave them in. */
function figureLine({ bench, case: caseName, subject, metric, value, unit }: Figure): string {
  return JSON.stringify({ bench, case: caseName, subject, metric, value, unit });
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1 to 9999.');
  return Number(text);
}
