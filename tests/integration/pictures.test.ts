import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TrainTickerResult } from '../../domain/run.ts';
import { listApprovals, sendVerdict } from '../../serving/approvals.ts';
import { pictureKey, walkForwardKey } from '../../serving/object-keys.ts';
import { PICTURE_NAMES, drawPictures, pictureOf } from '../../serving/pictures.ts';
import { startTickerTraining } from '../../serving/runs.ts';
import { SMALL_WISH, type TestPipeline, startPipeline } from '../support/pipeline.ts';
import { takeInTestUniverse } from '../support/test-universe.ts';

let pipeline: TestPipeline;
beforeAll(async () => {
  pipeline = await startPipeline();
  await takeInTestUniverse(pipeline.services, pipeline.context);
});
afterAll(() => pipeline.stop());

const pathOf = (key: string) => join(pipeline.objectsDir, pipeline.context.tenant, key);
const idOf = async (ticker: string, kind: string) =>
  (await pipeline.services.registry.newest(pipeline.context, ticker, 1, kind))!.id;
const train = (ticker: string, more = {}) =>
  startTickerTraining(pipeline.services, pipeline.temporal, pipeline.context, ticker, {
    ...SMALL_WISH,
    kinds: ['linear'],
    ...more,
  });

it('a run leaves the pictures of every model that it judged, and drawing again changes no byte', async () => {
  const { services, context } = pipeline;
  const view = await pipeline.ended((await train('AAPL')).run_id);
  expect((view.result as TrainTickerResult).notes.filter((note) => note.includes('ictures'))).toEqual([]);
  for (const kind of ['naive', 'drift', 'linear']) {
    const id = await idOf('AAPL', kind);
    const paths = PICTURE_NAMES.map((name) => pathOf(pictureKey('AAPL', id, name)));
    const drawn = paths.map((path) => readFileSync(path, 'utf8'));
    for (const svg of drawn) expect(svg).toContain(`AAPL, 1 session ahead, ${kind}: `);
    expect(await pictureOf(services, context, id, PICTURE_NAMES[0]!)).toBe(drawn[0]);

    writeFileSync(paths[0]!, 'kept as it is');
    await drawPictures(services, context, [id]);
    expect(readFileSync(paths[0]!, 'utf8')).toBe('kept as it is');
    rmSync(paths[0]!);
    await drawPictures(services, context, [id]);
    expect(paths.map((path) => readFileSync(path, 'utf8'))).toEqual(drawn);
  }
});

it('a picture that cannot be drawn becomes a note of the run, which completes', async () => {
  const { run_id } = await train('MSFT', { requireApproval: true });
  for (;;) {
    const { approvals } = await listApprovals(pipeline.temporal, pipeline.context);
    if (approvals.some((waiting) => waiting.run_id === run_id)) break;
    await sleep(100);
  }
  const id = await idOf('MSFT', 'linear');
  writeFileSync(pathOf(walkForwardKey('MSFT', id)), '{}');
  const verdict = { horizon: 1, approve: true, by: 'Ada', reason: 'the figures convince me' };
  await sendVerdict(pipeline.temporal, pipeline.context, run_id, verdict);
  const view = await pipeline.ended(run_id);
  expect(view.status).toBe('completed');
  const { notes, promotions } = view.result as TrainTickerResult;
  expect(promotions).toHaveLength(1);
  expect(notes).toContainEqual(expect.stringMatching(/^Pictures are missing: .*walk-forward\/MSFT\/.*/));
  expect(existsSync(pathOf(pictureKey('MSFT', id, 'forecast')))).toBe(false);
});
