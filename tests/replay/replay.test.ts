import { readFileSync, readdirSync } from 'node:fs';
import { Worker, type WorkflowBundle } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import * as workflows from '../../workflows/index.ts';
import { bundleWorkflows } from '../../workers/workflow-bundle.ts';

const HISTORIES = new URL('./histories/', import.meta.url);
const files = readdirSync(HISTORIES).filter((name) => name.endsWith('.json'));

interface History {
  readonly events: readonly {
    readonly workflowExecutionStartedEventAttributes?: {
      readonly workflowType: { readonly name: string };
      readonly workflowId: string;
    };
  }[];
}

const history = (file: string) => JSON.parse(readFileSync(new URL(file, HISTORIES), 'utf8')) as History;
const startOf = ({ events }: History) => events[0]!.workflowExecutionStartedEventAttributes!;
// Under its own id: those of children follow from it.
const replay = (workflowBundle: WorkflowBundle, of: History) =>
  Worker.runReplayHistory({ workflowBundle }, of, startOf(of).workflowId);

describe('kept histories', () => {
  let workflowBundle: WorkflowBundle;
  beforeAll(async () => {
    workflowBundle = await bundleWorkflows();
  });

  it('are there for every workflow', () => {
    expect([...new Set(files.map((file) => startOf(history(file)).workflowType.name))].sort()).toEqual(
      Object.keys(workflows).sort(),
    );
  });

  it.each(files)('replay with the workflows as they are now: %s', async (file) => {
    await replay(workflowBundle, history(file));
  });

  it('do not replay once they are tampered with, so a green replay means something', async () => {
    const tampered = JSON.parse(
      JSON.stringify(history('train-ticker.json')).replaceAll('"preprocess"', '"postprocess"'),
    ) as History;
    await expect(replay(workflowBundle, tampered)).rejects.toThrow(/[Nn]ondeterminis/);
  });
});

describe('the workflow bundle', () => {
  it('contains no Node built-in', async () => {
    const { code } = await bundleWorkflows();
    const builtins = [
      ...code.matchAll(
        /(?:external commonjs |require\()["']((?:node:)?(?:fs|path|os|crypto|net|http|https|child_process|worker_threads|process|url|stream)(?:\/\w+)?)["']/g,
      ),
    ];
    expect(builtins.map((match) => match[1])).toEqual([]);
    expect(code).toContain('trainUniverse');
  });
});
