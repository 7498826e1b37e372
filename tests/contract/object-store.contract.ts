import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectInfo, ObjectStore } from '../../stores/objects/object-store.ts';
import { type Backend, freshContext } from './backend.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

async function all(listing: AsyncIterable<ObjectInfo>): Promise<ObjectInfo[]> {
  const infos: ObjectInfo[] = [];
  for await (const info of listing) infos.push(info);
  return infos;
}

/** What every `ObjectStore` must do. */
export function objectStoreContract(name: string, open: () => Promise<Backend<ObjectStore>>): void {
  describe(`the object store on ${name}`, () => {
    let backend: Backend<ObjectStore>;
    let store: ObjectStore;

    beforeAll(async () => {
      backend = await open();
      store = backend.connect();
    });
    afterAll(() => backend.close());

    it('gives back the same bytes, in this process and in others', async () => {
      const context = freshContext();
      const whole = Uint8Array.from({ length: 100_000 }, (_, i) => i % 256);
      await store.put(context, 'datasets/AAPL/bars.parquet', whole);
      await store.put(context, 'empty', new Uint8Array());
      expect(Buffer.from(await store.get(context, 'datasets/AAPL/bars.parquet')).equals(whole)).toBe(true);
      expect(await store.exists(context, 'datasets/AAPL/bars.parquet')).toBe(true);
      expect((await backend.connect().get(context, 'empty')).length).toBe(0);
    });

    it('stores a view, not the buffer behind it', async () => {
      const context = freshContext();
      await store.put(context, 'view', bytes('0123456789').subarray(2, 5));
      expect(new TextDecoder().decode(await store.get(context, 'view'))).toBe('234');
    });

    it('takes keys made of tickers of all sorts', async () => {
      const context = freshContext();
      for (const ticker of ['BRK.B', 'BF-B', '%5EGSPC', 'EURUSD%3DX']) {
        await store.put(context, `models/${ticker}/0f.json`, bytes(ticker));
        expect(new TextDecoder().decode(await store.get(context, `models/${ticker}/0f.json`))).toBe(ticker);
      }
    });

    it('says which object is missing', async () => {
      const context = freshContext();
      await store.put(context, 'models/a', bytes('a'));
      for (const key of ['models/b', 'models', 'models/a/b', 'nowhere/at/all']) {
        expect(await store.exists(context, key)).toBe(false);
      }
      await expect(store.get(context, 'models/b')).rejects.toMatchObject({
        code: 'OBJECT_MISSING',
        details: { key: 'models/b' },
      });
    });

    it('replaces an object whole', async () => {
      const context = freshContext();
      await store.put(context, 'key', bytes('the first and longer text'));
      await store.put(context, 'key', bytes('second'));
      expect(new TextDecoder().decode(await store.get(context, 'key'))).toBe('second');
    });

    it('lists what begins with a prefix, ascending by key, with size and time', async () => {
      const [context, other] = [freshContext(), freshContext()];
      const keys = ['a-b/1', 'a/1', 'a/2/deep', 'a/2-', 'a0', 'a/10', 'b/%5EGSPC/x.json'];
      const before = Date.now();
      for (const key of keys) await store.put(context, key, bytes(key));
      await store.put(other, 'a/of another tenant'.replaceAll(' ', '-'), bytes('x'));
      const listed = async (prefix: string) => (await all(store.list(context, prefix))).map(({ key }) => key);
      expect(await listed('')).toEqual([...keys].sort());
      expect(await listed('a/')).toEqual(['a/1', 'a/10', 'a/2-', 'a/2/deep']);
      expect(await listed('a/1')).toEqual(['a/1', 'a/10']);
      expect(await listed('a/2/')).toEqual(['a/2/deep']);
      expect(await listed('c')).toEqual([]);
      expect(await listed('../')).toEqual([]);
      const [deep] = await all(store.list(context, 'a/2/deep'));
      expect(deep).toMatchObject({ key: 'a/2/deep', bytes: 8 });
      expect(deep!.modifiedAt).toBe(new Date(deep!.modifiedAt).toISOString());
      // File systems and servers keep a clock of their own.
      expect(Math.abs(new Date(deep!.modifiedAt).getTime() - before)).toBeLessThan(10 * 60_000);
      expect(await all(store.list(freshContext(), ''))).toEqual([]);
    });

    it('removes an object, and nothing else', async () => {
      const context = freshContext();
      for (const key of ['a/1', 'a/11', 'a/2/x']) await store.put(context, key, bytes(key));
      for (const key of ['a/1', 'a/1', 'a/2', 'a', 'never/there']) await store.remove(context, key);
      expect((await all(store.list(context, ''))).map(({ key }) => key)).toEqual(['a/11', 'a/2/x']);
      expect(await store.exists(context, 'a/1')).toBe(false);
      await store.put(context, 'a/1', bytes('again'));
      expect(new TextDecoder().decode(await store.get(context, 'a/1'))).toBe('again');
    });

    it('shows readers whole objects while many processes put', async () => {
      const context = freshContext();
      const candidates = Array.from({ length: 4 }, (_, i) => new Uint8Array(300_000).fill(i));
      await store.put(context, 'key', candidates[0]!);
      let putting = true;
      const puts = Promise.all(
        candidates.flatMap((content) => [1, 2, 3].map(() => backend.connect().put(context, 'key', content))),
      ).finally(() => {
        putting = false;
      });
      do {
        const seen = await store.get(context, 'key');
        expect(candidates.some((content) => Buffer.from(content).equals(seen))).toBe(true);
      } while (putting);
      await puts;
    });

    it('keeps one of several large objects that are put at once under one key', { timeout: 300_000 }, async () => {
      const context = freshContext();
      const candidates = [1, 2, 3].map((fill) => Buffer.alloc(20_000_000 + fill, fill));
      await Promise.all(candidates.map((content) => backend.connect().put(context, 'key', content)));
      const kept = Buffer.from(await store.get(context, 'key'));
      expect(candidates.filter((content) => content.equals(kept))).toHaveLength(1);
    });

    it('holds an object of 100 MB', { timeout: 300_000 }, async () => {
      const context = freshContext();
      const whole = Buffer.from(Uint32Array.from({ length: 25_000_000 }, (_, i) => i).buffer);
      await store.put(context, 'large', whole);
      expect(whole.equals(await backend.connect().get(context, 'large'))).toBe(true);
      expect(await all(store.list(context, ''))).toMatchObject([{ key: 'large', bytes: 100_000_000 }]);
    });

    // S3 gives a thousand to a page.
    it('lists 10,000 keys, each once and in order', { timeout: 300_000 }, async () => {
      const context = freshContext();
      const keys = Array.from({ length: 10_000 }, (_, i) => `many/${i % 7}/${i}`);
      const waiting = keys.values();
      const lane = async () => {
        for (const key of waiting) await store.put(context, key, bytes(key));
      };
      await Promise.all(Array.from({ length: 50 }, lane));
      expect((await all(store.list(context, 'many/'))).map(({ key }) => key)).toEqual([...keys].sort());
    });

    it.each(['', '/absolute', 'a//b', 'a/', '.', '..', 'a/../b', './a', '.hidden', 'a\\b', 'a\0b', 'a b', 'ä'])(
      'refuses the key %j',
      async (key) => {
        const context = freshContext();
        await expect(store.put(context, key, bytes('x'))).rejects.toThrow('not an object key');
        await expect(store.get(context, key)).rejects.toThrow('not an object key');
        await expect(store.exists(context, key)).rejects.toThrow('not an object key');
        await expect(store.remove(context, key)).rejects.toThrow('not an object key');
      },
    );

    it("keeps each tenant's own, and lets no tenant's name lead out of its place", async () => {
      const [one, other] = [freshContext(), freshContext()];
      await store.put(one, 'key', bytes('one'));
      expect(await store.exists(other, 'key')).toBe(false);
      await store.put(other, 'key', bytes('other'));
      expect(new TextDecoder().decode(await store.get(one, 'key'))).toBe('one');
      for (const tenant of ['', '..', `../${one.tenant}`, `x/../${one.tenant}`, `${one.tenant}/key`, '.unfinished']) {
        await expect(store.get(freshContext(tenant), 'key')).rejects.toThrow('not an object key');
        await expect(all(store.list(freshContext(tenant), ''))).rejects.toThrow('not an object key');
      }
    });
  });
}
