import type { Command } from 'commander';
import { StockcastError } from '../../domain/errors.ts';
import { applySchedules } from '../../serving/schedules/apply-schedules.ts';
import { readSchedules } from '../../serving/schedules/schedule-file.ts';
import {
  type ScheduleView,
  describeSchedule,
  listSchedules,
  pauseSchedule,
  resumeSchedule,
  triggerSchedule,
} from '../../serving/schedules/schedules.ts';
import { type CommonOptions, withCommonOptions } from '../options.ts';
import type { Parts } from '../parts.ts';
import { appliedText, scheduleDetails, scheduleList } from '../tables/schedule-tables.ts';

interface ApplyCommandOptions extends CommonOptions {
  readonly dryRun?: boolean;
  readonly paused?: boolean;
}

interface ReasonOption extends CommonOptions {
  readonly reason: string;
}

/** `schedules`: makes Temporal's schedules those of the file, shows them, pauses, resumes and triggers them. */
export function addSchedules(program: Command, parts: Parts): void {
  const command = program
    .command('schedules')
    .description(
      'what runs by itself and when: apply the file that declares it, list, pause, resume, trigger, describe',
    );

  const list = command
    .command('list', { isDefault: true })
    .description('list the schedules and when they are due next');
  withCommonOptions(list, ['schedules', 'schedules list --json']).action(async (options: CommonOptions) => {
    const output = parts.output(options);
    const schedules = await listSchedules(await parts.temporal(), parts.context(), declaredNames(parts));
    output.result({ schedules }, () => scheduleList(schedules, output.colors));
  });

  const apply = command
    .command('apply')
    .description('create, update and remove schedules until they are those of the file; a pause stays as it is')
    .option('--dry-run', 'only say what would be done')
    .option('--paused', 'let new schedules wait until somebody resumes them');
  withCommonOptions(apply, ['schedules apply', 'schedules apply --dry-run']).action(
    async (options: ApplyCommandOptions) => {
      const output = parts.output(options);
      const declared = readSchedules(parts.settings().schedules.file);
      const { dryRun = false, paused = false } = options;
      const applied = await applySchedules(await parts.temporal(), parts.context(), declared, {
        dryRun,
        ...(paused ? { pausedBecause: 'applied with --paused' } : {}),
      });
      output.result({ dry_run: dryRun, schedules: applied }, () => appliedText(applied, dryRun));
    },
  );

  addSwitch(command, parts, 'pause', 'start nothing by itself until resumed; runs under way go on', pauseSchedule);
  addSwitch(command, parts, 'resume', 'start runs when they are due again', resumeSchedule);

  const trigger = command
    .command('trigger')
    .description('start a run now, whether the schedule is paused or not')
    .argument('<name>', 'the schedule');
  withCommonOptions(trigger, ['schedules trigger retrain']).action(async (name: string, options: CommonOptions) => {
    const output = parts.output(options);
    const view = await triggerSchedule(await parts.temporal(), parts.context(), name);
    output.result(view, () => `${name} was triggered: npx stockcast schedules describe ${name}`);
  });

  const describe = command
    .command('describe')
    .description('show when and how a schedule runs, why so, and its newest runs')
    .argument('<name>', 'the schedule');
  withCommonOptions(describe, ['schedules describe retrain']).action(async (name: string, options: CommonOptions) => {
    const output = parts.output(options);
    const details = await describeSchedule(await parts.temporal(), parts.context(), name);
    output.result(details, () => scheduleDetails(details, output.colors));
  });
}

function addSwitch(schedules: Command, parts: Parts, name: string, what: string, turn: typeof pauseSchedule): void {
  const command = schedules
    .command(name)
    .description(what)
    .argument('[name...]', 'the schedules; default: all')
    .option('--reason <text>', 'why, for whoever looks at it later', `switched by stockcast schedules ${name}`);
  const examples = [`schedules ${name} retrain`, `schedules ${name} --reason "the provider moves house"`];
  withCommonOptions(command, examples).action(async (names: readonly string[], options: ReasonOption) => {
    const output = parts.output(options);
    const [temporal, context] = [await parts.temporal(), parts.context()];
    const all = async () => (await listSchedules(temporal, context, declaredNames(parts))).map((each) => each.name);
    const views: ScheduleView[] = [];
    for (const each of names.length > 0 ? new Set(names) : await all()) {
      views.push(await turn(temporal, context, each, options.reason));
    }
    output.result({ schedules: views }, () => scheduleList(views, output.colors));
  });
}

/** Names by the file; none where it cannot be used: what there is can be looked at and paused all the same. */
function declaredNames(parts: Parts): string[] {
  const { file } = parts.settings().schedules;
  try {
    return readSchedules(file).map(({ name }) => name);
  } catch (error) {
    if (!(error instanceof StockcastError)) throw error;
    parts.note(`${file} is not usable (schedules apply says why): these are the schedules that Temporal lists`);
    return [];
  }
}
