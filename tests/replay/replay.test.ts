import { readFileSync, readdirSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Worker, type WorkflowBundle } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import * as workflows from '../../workflows/index.ts';
import { keptWorkflowBundle } from '../../workers/workflow-bundle.ts';

const HISTORIES = new URL('./histories/', import.meta.url);
const files = readdirSync(HISTORIES).filter((name) => /\.json(\.gz)?$/.test(name));
/** A run goes on as a new one after about so many events, when Temporal suggests it. */
const LONG = 4000;

interface History {
  readonly events: readonly {
    readonly eventType: string;
    readonly workflowExecutionStartedEventAttributes?: {
      readonly workflowType: { readonly name: string };
      readonly workflowId: string;
    };
  }[];
}

const history = (file: string) => {
  const bytes = readFileSync(new URL(file, HISTORIES));
  return JSON.parse((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()) as History;
};
const startOf = ({ events }: History) => events[0]!.workflowExecutionStartedEventAttributes!;
// Under its own id: those of children follow from it.
const replay = (workflowBundle: WorkflowBundle, of: History) =>
  Worker.runReplayHistory({ workflowBundle }, of, startOf(of).workflowId);

describe('kept histories', () => {
  let workflowBundle: WorkflowBundle;
  beforeAll(async () => {
    workflowBundle = await keptWorkflowBundle();
  });

  it('are there for every workflow', () => {
    expect([...new Set(files.map((file) => startOf(history(file)).workflowType.name))].sort()).toEqual(
      Object.keys(workflows).sort(),
    );
  });

  it('hold a run that grew so long that it went on as a new one', () => {
    const long = files.map(history).filter(({ events }) => events.length > LONG);
    expect(long.map(({ events }) => events.at(-1)!.eventType)).toContain(
      'EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW',
    );
  });

  it.each(files)('replay with the workflows as they are now: %s', async (file) => {
    await replay(workflowBundle, history(file));
  });

  it('replay, too, when tracing was switched on since', async () => {
    const options = {
      workflowBundle: await keptWorkflowBundle({ traced: true }),
      sinks: { tracing: { export: { fn: () => {}, callDuringReplay: false } } },
    };
    const histories = files.map((file) => ({ history: history(file), workflowId: startOf(history(file)).workflowId }));
    const failed: unknown[] = [];
    let n = 0;
    for await (const { workflowId, error } of Worker.runReplayHistories(options, histories)) {
      n++;
      if (error !== undefined) failed.push({ workflowId, error });
    }
    expect({ n, failed }).toEqual({ n: files.length, failed: [] });
  }, 300_000);

  it('do not replay once they are tampered with, so a green replay means something', async () => {
    const tampered = JSON.parse(
      JSON.stringify(history('train-ticker.json')).replaceAll('"preprocess"', '"postprocess"'),
    ) as History;
    await expect(replay(workflowBundle, tampered)).rejects.toThrow(/[Nn]ondeterminis/);
  });
});

describe('the workflow bundle', () => {
  it.each([{ traced: false }, { traced: true }])('contains no Node built-in: %o', async (options) => {
    const { code } = await keptWorkflowBundle(options);
    const builtins = [
      ...code.matchAll(
        /(?:external commonjs |require\()["']((?:node:)?(?:fs|path|os|crypto|net|http|https|child_process|worker_threads|process|url|stream)(?:\/\w+)?)["']/g,
      ),
    ];
    expect(builtins.map((match) => match[1])).toEqual([]);
    expect(code).toContain('trainUniverse');
  });
});
