import type { Instant } from './bar.ts';
import type { FailureReason } from './failure-reason.ts';
import type { Horizon } from './horizon.ts';

/** What a run does where a person could mend what it fails at; part of its plan, but not of what names the run. */
export interface ParkingPolicy {
  /** `ignore` does not look at the data at all; what is odd about them is then but noted in the dataset. */
  readonly onBadData: 'park' | 'fail' | 'ignore';
  /** Where no candidate passed: `fallback` lets naive serve, `park` asks a person first. */
  readonly onFailedGate: 'fallback' | 'park';
  /** How long a run stays parked before it gives up. */
  readonly giveUpAfterMs: number;
}

/** Three days: over a weekend. */
export const DEFAULT_PARKING: ParkingPolicy = Object.freeze({
  onBadData: 'park',
  onFailedGate: 'fallback',
  giveUpAfterMs: 72 * 3_600_000,
});

/** What a person can mend by other prices: error codes. */
export const MENDABLE: readonly string[] = ['DATA_UNSOUND', 'TOO_FEW_SESSIONS', 'TICKER_UNKNOWN'];

/** Why a run is parked, and what it waits for; part of the answer of the query `progress` of `trainTicker`. */
export interface Parked extends FailureReason {
  readonly stage: 'ingest' | 'promote';
  /** Of a failed gate. */
  readonly horizon?: Horizon;
  /** Whether it can go on as it is, by `acceptParked`; if not, only a correction helps. */
  readonly acceptable: boolean;
  readonly since: Instant;
  readonly givesUpAt: Instant;
}

/** What a person says who lets a parked run go on as it is: argument of the Update `acceptParked` of `trainTicker`. */
export interface Acceptance {
  readonly by: string;
  readonly reason: string;
}

/** That prices were corrected: argument of the Update `correctParked`. The run starts over and looks at them anew. */
export interface Correction extends Acceptance {
  /** Up to when corrections count; by default the time at which the run takes the Update. */
  readonly knownAt?: Instant;
  /** Whether a run as of a date sees changes of known history all the same, which were not known then. */
  readonly asKnownNow?: boolean;
}

/** How a run was mended, for the ledger. */
export interface Mending extends Acceptance {
  readonly how: 'corrected' | 'accepted';
  /** Why it was parked. */
  readonly parked: FailureReason;
}

/** The stage, as a search attribute, of a run that waits for a person to mend it. */
export const PARKED = 'parked';
export const CORRECT_UPDATE = 'correctParked';
export const ACCEPT_UPDATE = 'acceptParked';
/** By which a ticker's run tells the run that started it that it is parked. */
export const PARKED_SIGNAL = 'parked';

/** A mending as a reason in the ledger. */
export function mendingInWords({ how, by, reason, parked }: Mending): string {
  return `Parked with ${parked.code}, ${how} by ${by}: ${reason}`;
}
