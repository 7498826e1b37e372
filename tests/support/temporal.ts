import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { inject } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../domain/run.ts';

const KEYWORD = 2;
const DAY_SECONDS = 86_400;

/** Makes a namespace of one test file's own on the test run's Temporal, so that files cannot take each other's tasks. */
export async function freshNamespace(): Promise<{ address: string; namespace: string }> {
  const address = inject('temporalAddress');
  const namespace = `test-${randomBytes(6).toString('hex')}`;
  const connection = await Connection.connect({ address });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: DAY_SECONDS as never },
    });
    const attributes = Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD]));
    // The server takes a moment to hear of the namespace itself.
    for (let tries = 0; ; tries++) {
      try {
        await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: attributes });
        await connection.workflowService.listWorkflowExecutions({ namespace, query: 'StockcastTicker="none"' });
        break;
      } catch (error) {
        if (tries > 100) throw error;
        await sleep(100);
      }
    }
  } finally {
    await connection.close();
  }
  return { address, namespace };
}
