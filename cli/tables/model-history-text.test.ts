import pc from 'picocolors';
import { expect, test } from 'vitest';
import type { LedgerEntryAnswer } from '../../serving/model-history.ts';
import { modelHistoryText } from './model-history-text.ts';

const plain = pc.createColors(false);

const entry: LedgerEntryAnswer = {
  ...{ promotion_id: 'promotion-1', horizon: 1, model: 'naive', model_id: 'a', as_of: '2013-03-01' },
  ...{ at: '2013-03-01T23:00:00.000Z', live: true, rollback: false, served: null, from_model_id: null },
  ...{ certificate_id: null, principal: 'Ada', run_id: null, reasons: [] },
};

test('an entry without a run says whether a rollback or an experiment made it', () => {
  const by = (change: Partial<LedgerEntryAnswer>) =>
    /^ {2}by +(.*)$/m.exec(
      modelHistoryText({ ticker: 'AAPL', on: null, entries: [{ ...entry, ...change }], as_of: [] }, plain),
    )?.[1];
  expect(by({ run_id: 'train/default/AAPL/2013-03-01/0' })).toBe('train/default/AAPL/2013-03-01/0');
  expect(by({ rollback: true })).toBe('a rollback');
  expect(by({})).toBe('an experiment');
});
