import { z } from 'zod';
import { listTickers } from '../../serving/histories.ts';
import { tickersAnswer } from '../../serving/tickers-answer.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';

const tickers = z.object({
  tickers: z.array(
    z.object({
      ticker: z.string(),
      sector: z.string(),
      sessions: z.int().describe('How many sessions are known'),
      first_session: z.iso.date(),
      last_session: z.iso.date(),
    }),
  ),
});

/** `GET /tickers`: whose prices are known. */
export const tickersEndpoint: Endpoint = endpoint({
  method: 'get',
  path: '/tickers',
  summary: 'The tickers whose prices are known',
  answer: { status: 200, name: 'Tickers', schema: tickers },
  errors: ['DATABASE_UNAVAILABLE'],
  handle: async ({ services }, { context }) => tickersAnswer(await listTickers(services, context)),
});
