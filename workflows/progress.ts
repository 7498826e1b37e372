import { defineQuery } from '@temporalio/workflow';
import { PROGRESS_QUERY, type TickerProgress, type UniverseProgress } from '../domain/run.ts';

/** Answered by `trainTicker`. */
export const progressQuery = defineQuery<TickerProgress>(PROGRESS_QUERY);

/** Answered by `trainUniverse`. */
export const universeProgressQuery = defineQuery<UniverseProgress>(PROGRESS_QUERY);
