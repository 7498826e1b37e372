import { z } from 'zod';
import { StockcastError } from '../../domain/errors.ts';
import { shortHash } from '../../domain/identity.ts';
import { runAnswer } from '../../serving/run-answer.ts';
import type { RunView } from '../../serving/run-view.ts';
import { pauseBetweenLooks } from '../../serving/run-watch.ts';
import { describeRun } from '../../serving/runs.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { EventStream } from '../event-stream.ts';
import { problemOf } from '../problem.ts';
import { runParams } from './approvals.ts';

/** `GET /runs/*id/events`: a run as it goes on, as server-sent events. */
export const runEventsEndpoint: Endpoint = endpoint({
  method: 'get',
  path: '/runs/*id/events',
  summary: 'A run as it goes on, as server-sent events',
  description:
    'Each event `progress` holds the whole run as of GET /runs/{id}, whenever it has changed; `end` is the last one. ' +
    'The id of an event names what it holds: with Last-Event-ID nothing that is known is sent again, and a run that ' +
    'ended as the client knows it answers 204, upon which an EventSource stops. An event `problem` holds a problem ' +
    'document: the run cannot be read just now, and the stream goes on.',
  params: runParams,
  answer: {
    status: 200,
    name: 'RunEvents',
    type: 'text/event-stream',
    schema: z.string().describe('Events whose data are documents of the schema Run'),
  },
  otherwise: {
    status: 204,
    name: 'NothingNew',
    schema: z.undefined().describe('The run has ended, and the client knows how'),
  },
  errors: ['RUN_UNKNOWN', 'STREAMS_BUSY', 'TEMPORAL_UNAVAILABLE'],
  handle: ({ temporal, followers, watch }, { context, params: { id }, request, response, requestId, signal }) =>
    followers.hold(signal, async (ended) => {
      let known = request.get('last-event-id') ?? '';
      // What is wrong with the request itself is answered as everywhere.
      const first = await describeRun(temporal, context, id);
      if (first.status !== 'running' && eventOf(first).id === known) {
        response.status(204).end();
        return undefined;
      }
      const stream = new EventStream(response, ended);
      let troubled = false;
      try {
        while (!ended.aborted) {
          try {
            for await (const view of watch.follow(context, id, ended)) {
              troubled = false;
              const { name, id: eventId, data } = eventOf(view);
              if (eventId !== known) await stream.send(name, eventId, data);
              known = eventId;
              if (view.status !== 'running') return undefined;
            }
          } catch (error) {
            if (!(error instanceof StockcastError && error.retryable)) throw error;
            // Once an outage. The id stays that of the last state: who comes back with it misses nothing.
            if (!troubled)
              await stream.send('problem', known, JSON.stringify(problemOf(error, request.path, requestId)));
            troubled = true;
            await pauseBetweenLooks(ended);
          }
        }
      } finally {
        stream.close();
      }
      return undefined;
    }),
});

function eventOf(view: RunView): { readonly name: string; readonly id: string; readonly data: string } {
  const data = JSON.stringify(runAnswer(view));
  return { name: view.status === 'running' ? 'progress' : 'end', id: shortHash(data), data };
}
