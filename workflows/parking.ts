import {
  ApplicationFailure,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Vantage } from '../domain/bar.ts';
import { newYorkDate } from '../domain/calendar.ts';
import { StockcastError } from '../domain/errors.ts';
import { type FailureReason, failureReason } from '../domain/failure-reason.ts';
import {
  type Acceptance,
  type Correction,
  MENDABLE,
  type Mending,
  PARKED,
  type Parked,
  mendingInWords,
} from '../domain/parking.ts';
import { type PromotionDecision, type TrainTickerInput, type TrainTickerResult, type Verdict } from '../domain/run.ts';
import { acceptUpdate, correctUpdate, parkedSignal } from './progress.ts';
import type { StageAttribute } from './stage-attribute.ts';

const HOUR_MS = 3_600_000;

/** Keeps a run that fails at what a person can mend until somebody does, or for as long as its plan says. */
export interface Parking {
  /** Why the run is parked, while it is. */
  parked(): Parked | undefined;
  /** What was mended in this run, in words. */
  mendings(): string[];
  /** Does what reads the data; `check` says whether to look at what they are worth. */
  withSoundData<T>(body: (check: boolean) => Promise<T>): Promise<T>;
  /** What a person says to a decision that no candidate passed; undefined where nobody is to be asked. */
  onFailedGate(decision: PromotionDecision): Promise<Verdict | undefined>;
}

interface Answer {
  readonly how: Mending['how'];
  readonly said: Correction;
}

/**
 * Lets the Updates `correctParked` and `acceptParked` be used on this run. Whoever accepts lets it go on where it
 * stands; a correction starts it over, as a new execution that looks at the data anew. Plans of older runs have no
 * policy: they are never parked.
 */
export function parking(input: TrainTickerInput, stage: StageAttribute): Parking {
  const { ticker, vantage, live = true } = input;
  const policy = input.plan.parking;
  const mended: Mending[] = [...(input.mended ?? [])];
  let parked: Parked | undefined;
  let answer: Answer | undefined;
  const take = (how: Mending['how']) => (said: Correction) => {
    answer = { how, said };
  };
  // Set by handlers, which the compiler does not follow.
  const taken = () => answer;

  const requireWaiting = ({ by, reason }: Acceptance) => {
    if (parked === undefined || answer !== undefined) throw refused('the run is not parked');
    if (by.trim() === '' || reason.trim() === '') throw refused('a name and a reason are needed');
  };
  setHandler(acceptUpdate, take('accepted'), {
    validator(acceptance) {
      requireWaiting(acceptance);
      if (!parked!.acceptable) throw refused(`only a correction helps: ${parked!.message}`);
    },
  });
  setHandler(correctUpdate, take('corrected'), {
    validator(correction) {
      requireWaiting(correction);
      const { knownAt } = correction;
      if (knownAt !== undefined && !(Date.parse(knownAt) >= Date.parse(vantage.knownAt))) {
        throw refused(`knownAt "${knownAt}" is no time after ${vantage.knownAt}, up to which the run has looked`);
      }
    },
  });

  /** Returns what was said by whoever accepted; a correction ends this execution. */
  const wait = async (
    why: FailureReason,
    at: Pick<Parked, 'stage' | 'horizon' | 'acceptable'>,
  ): Promise<Acceptance> => {
    const { giveUpAfterMs } = policy!;
    const since = new Date();
    const givesUpAt = new Date(since.getTime() + giveUpAfterMs).toISOString();
    answer = undefined;
    parked = { ...why, ...at, since: since.toISOString(), givesUpAt };
    stage.tell(PARKED);
    setCurrentDetails(`Parked until ${givesUpAt}: ${why.message}`);
    await tellParent(ticker);
    const isAnswered = await condition(() => taken() !== undefined, giveUpAfterMs);
    parked = undefined;
    setCurrentDetails('');
    if (!isAnswered) throw gaveUp(ticker, giveUpAfterMs, why);
    stage.tell(at.stage);
    const { how, said } = taken()!;
    const mending: Mending = { how, by: said.by, reason: said.reason, parked: why };
    if (how === 'accepted') {
      // That a decision was accepted is entered as a verdict on it, and says nothing of others.
      if (at.stage === 'ingest') mended.push(mending);
      return said;
    }
    const startOver = continueAsNew<(input: TrainTickerInput) => Promise<TrainTickerResult>>;
    return startOver({ ...input, vantage: vantageAfter(vantage, live, said), mended: [...mended, mending] });
  };

  return {
    parked: () => parked,
    mendings: () => mended.map(mendingInWords),
    async withSoundData(body) {
      let check = policy !== undefined && policy.onBadData !== 'ignore';
      for (;;) {
        try {
          return await body(check);
        } catch (error) {
          const why = failureReason(error);
          if (policy?.onBadData !== 'park' || !MENDABLE.includes(why.code)) throw error;
          await wait(why, { stage: 'ingest', acceptable: why.code === 'DATA_UNSOUND' });
          check = false;
        }
      }
    },
    async onFailedGate({ horizon, fallback, reasons }) {
      if (!fallback || policy?.onFailedGate !== 'park') return undefined;
      const refusals = reasons
        .filter((reason) => reason.includes('Refused'))
        .map((reason) => reason.replace(/\.$/, ''));
      const problems = refusals.join('; ') || 'there was none';
      const { code, message } = new StockcastError('GATE_FAILED', { ticker, horizon, problems });
      const { by, reason } = await wait({ code, message }, { stage: 'promote', horizon, acceptable: true });
      return { horizon, approve: true, by, reason };
    },
  };
}

/**
 * From where a corrected run looks: a live one from when the correction was made. One as of a date goes on looking from
 * there, where it sees sessions and events that were missing, but no change of what was known, unless that was asked for.
 */
function vantageAfter(vantage: Vantage, live: boolean, { knownAt, asKnownNow = false }: Correction): Vantage {
  const now = knownAt ?? new Date().toISOString();
  if (live) return { asOf: newYorkDate(new Date(now)), knownAt: now };
  return asKnownNow ? { ...vantage, knownAt: now } : vantage;
}

/** A universe does not hold up its other tickers for one that is parked. */
async function tellParent(ticker: string): Promise<void> {
  const { parent } = workflowInfo();
  if (parent === undefined) return;
  await getExternalWorkflowHandle(parent.workflowId).signal(parkedSignal, ticker);
}

function gaveUp(ticker: string, afterMs: number, why: FailureReason): ApplicationFailure {
  const hours = Number((afterMs / HOUR_MS).toPrecision(3));
  const { code, message } = new StockcastError('GAVE_UP', { ticker, hours, reason: why.message.replace(/\.$/, '') });
  return ApplicationFailure.nonRetryable(message, code);
}

function refused(problem: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(problem, 'MENDING_REFUSED');
}
