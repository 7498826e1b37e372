import { DRIFT_CHECKS, DRIFT_LEVEL, type DriftReport, isTold } from '../../domain/drift.ts';

/** The checks of a report, each of which something or nothing can be said. */
export type DriftFindings = Pick<DriftReport, 'features' | 'residuals' | 'coverage80' | 'coverage95'>;

/**
 * Which checks raise an alarm: those whose p is at most `DRIFT_LEVEL` over the number of checks of which something can
 * be said, so that any false alarm at all comes with at most `DRIFT_LEVEL`, whatever the checks have to do with each other.
 * Source: Bonferroni's inequality.
 */
export function judgeDrift(findings: DriftFindings): Pick<DriftReport, 'level' | 'alarms'> {
  const told = DRIFT_CHECKS.flatMap((name) => {
    const check = findings[name];
    return isTold<{ readonly p: number }>(check) ? [{ name, p: check.p }] : [];
  });
  const level = DRIFT_LEVEL / Math.max(1, told.length);
  return { level, alarms: told.filter(({ p }) => p <= level).map(({ name }) => name) };
}
