import { CancelledFailure } from '@temporalio/activity';
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QUEUES, TRAIN_TICKER } from '../domain/run.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { freshNamespace } from '../tests/support/temporal.ts';
import { orchestrationActivities } from './orchestration.ts';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];

describe('waiting for a run of somebody else', () => {
  let on: TestServices;
  let client: Client;
  let open = 0;
  // No worker polls, so a run ends only when it is ended here. Counts the calls that the server has not answered.
  const counting: Interceptor = (options, next) => {
    const call = next(options);
    const start = call.start.bind(call);
    call.start = (metadata, listener) => {
      open++;
      start(metadata, {
        ...listener,
        onReceiveStatus: (status) => {
          open--;
          listener?.onReceiveStatus?.(status);
        },
      });
    };
    return call as ReturnType<Interceptor>;
  };

  beforeAll(async () => {
    on = await openServices();
    const { address, namespace } = await freshNamespace();
    const connection = await Connection.connect({ address, interceptors: [counting] });
    client = new Client({ connection, namespace });
  });
  afterAll(async () => {
    await client.connection.close();
    await on.close();
  });

  const started = (workflowId: string) =>
    client.workflow.start(TRAIN_TICKER, { workflowId, taskQueue: QUEUES.orchestration, args: [{}] });
  const waiting = (environment: MockActivityEnvironment, workflowId: string) =>
    environment.run(orchestrationActivities(on.services, client).awaitRun, { workflowId });

  it('says how it ended without completing, at once and not as a failure of its own', async () => {
    const cancelled = await started('terminated');
    const reason = waiting(new MockActivityEnvironment(), 'terminated');
    await cancelled.terminate('not needed any more');
    expect(await reason).toEqual({ code: 'TerminatedFailure', message: 'not needed any more' });
    expect(await waiting(new MockActivityEnvironment(), 'no such run')).toMatchObject({
      code: 'WorkflowNotFoundError',
    });
  });

  it('ends when it is called off, and leaves no call open', async () => {
    const run = await started('goes on');
    const environment = new MockActivityEnvironment();
    const ended = expect(waiting(environment, 'goes on')).rejects.toBeInstanceOf(CancelledFailure);
    await expect.poll(() => open).toBe(1);
    environment.cancel();
    await ended;
    await expect.poll(() => open).toBe(0);
    expect((await run.describe()).status.name).toBe('RUNNING');
    await run.terminate();
  });
});
