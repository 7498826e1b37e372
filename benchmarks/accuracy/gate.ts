import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { compiledProgram } from '../../infra/setup/program.js';
import type { Bench, BenchReport } from '../figure.ts';
import { caseOf, figuresOf, verdictOn } from './gate-figures.ts';
import { FORECASTERS, type Outcome } from './gate-universe.ts';
import type { UniverseOptions } from './simulated-universe.ts';

const UNIVERSES = 200;
const N_TICKERS = 4;
const N_SESSIONS = 1500;
const FIRST_SEED = 1;
/** Share of the variance of next-day returns that is planted. */
const SIGNALS = [0, 0.005, 0.01, 0.02];

/** Counts how often the gate claims a win where none is possible, and how often it finds one that was planted. */
export const gateBench: Bench = {
  name: 'gate',
  description: 'How often the gate says "beats naive" on simulated random walks, and on prices with a planted signal',
  subjects: FORECASTERS,
  async run({ universes = UNIVERSES, full, subjects = FORECASTERS }, report) {
    const pool = new Piscina({
      filename: await compiledProgram('benchmarks/accuracy/gate-thread.ts'),
      maxThreads: availableParallelism(),
      execArgv: ['--enable-source-maps'],
    });
    try {
      for (const signalR2 of SIGNALS) {
        // Power needs no sharp figure; the share of false claims does.
        const n = signalR2 === 0 || full ? universes : Math.ceil(universes / 4);
        const outcomes = await judgeAll(pool, n, signalR2, report);
        for (const forecaster of FORECASTERS.filter((name) => subjects.includes(name))) {
          const ofForecaster = outcomes.map((each) => each.filter((outcome) => outcome.forecaster === forecaster));
          const judged = { signalR2, forecaster, universes: ofForecaster };
          for (const figure of figuresOf(judged)) report.figure(figure);
          if (signalR2 === 0) report.note(verdictOn(judged));
        }
      }
    } finally {
      await pool.destroy();
    }
    const others = full ? 'as many' : 'a quarter as many (all with --full)';
    report.note(
      `${universes} random-walk universes, and ${others} for each planted signal: ${N_TICKERS} tickers x ${N_SESSIONS} sessions, seeds from ${FIRST_SEED}; kinds linear and random-forest with the defaults of a run.`,
    );
    report.note('faint: the same forecasts x 0.01, where what was fitted does not hold the test back by its noise.');
    report.note('oracle: one candidate that knows the signal, so the most that could be found.');
  },
};

function judgeAll(pool: Piscina, n: number, signalR2: number, report: BenchReport): Promise<Outcome[][]> {
  let done = 0;
  return Promise.all(
    Array.from({ length: n }, async (_, i) => {
      const options: UniverseOptions = { seed: FIRST_SEED + i, nTickers: N_TICKERS, nSessions: N_SESSIONS, signalR2 };
      const outcomes: Outcome[] = await pool.run(options);
      done++;
      if (done % 10 === 0 || done === n) report.progress(`${caseOf(signalR2)}: ${done} of ${n} universes`);
      return outcomes;
    }),
  );
}
