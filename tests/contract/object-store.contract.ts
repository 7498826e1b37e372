import { beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../stores/objects/object-store.ts';
import { contextOf } from './context.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** What every object store must do, whatever it is made of. Each test takes tenants of its own. */
export function objectStoreContract(open: () => Promise<ObjectStore>): void {
  describe('an object store', () => {
    let store: ObjectStore;
    beforeAll(async () => {
      store = await open();
    });

    it('gives objects back byte by byte', async () => {
      const context = contextOf('exact');
      const all = Uint8Array.from({ length: 70_000 }, (_, i) => i % 256);
      await store.put(context, 'models/AAPL/all-bytes.bin', all);
      await store.put(context, 'empty', new Uint8Array());
      expect(Buffer.compare(await store.get(context, 'models/AAPL/all-bytes.bin'), all)).toBe(0);
      expect(await store.get(context, 'empty')).toHaveLength(0);
    });

    it('stores a view, not the buffer behind it', async () => {
      const context = contextOf('view');
      await store.put(context, 'view', bytes('0123456789').subarray(2, 5));
      expect(new TextDecoder().decode(await store.get(context, 'view'))).toBe('234');
    });

    it('says which object is missing', async () => {
      const context = contextOf('missing');
      await store.put(context, 'folder/there', bytes('x'));
      for (const key of ['nothing', 'folder/nothing', 'folder', 'folder/there/beyond']) {
        expect(await store.exists(context, key), key).toBe(false);
        await expect(store.get(context, key)).rejects.toMatchObject({ code: 'OBJECT_MISSING', details: { key } });
      }
      expect(await store.exists(context, 'folder/there')).toBe(true);
    });

    it('replaces an object whole', async () => {
      const context = contextOf('replace');
      await store.put(context, 'key', bytes('a long first version'));
      await store.put(context, 'key', bytes('short'));
      expect(new TextDecoder().decode(await store.get(context, 'key'))).toBe('short');
    });

    it.each([
      '',
      '/absolute',
      'trailing/',
      'a//b',
      '.',
      '..',
      '../two/secret',
      'a/../../two/secret',
      'a/./b',
      'a\\b',
      'a\0b',
      'a b',
    ])('refuses the key %j', async (key) => {
      const context = contextOf('keys');
      await expect(store.put(context, key, bytes('x'))).rejects.toThrow('not an object key');
      await expect(store.get(context, key)).rejects.toThrow('not an object key');
      await expect(store.exists(context, key)).rejects.toThrow('not an object key');
    });

    it('takes keys made of tickers of all sorts', async () => {
      const context = contextOf('tickers');
      for (const ticker of ['BRK.B', 'BF-B', '%5EGSPC', 'EURUSD%3DX']) {
        await store.put(context, `models/${ticker}/0f.json`, bytes(ticker));
        expect(new TextDecoder().decode(await store.get(context, `models/${ticker}/0f.json`))).toBe(ticker);
      }
    });

    it('keeps tenants apart', async () => {
      await store.put(contextOf('one'), 'key', bytes('of one'));
      expect(await store.exists(contextOf('two'), 'key')).toBe(false);
      await store.put(contextOf('two'), 'key', bytes('of two'));
      expect(new TextDecoder().decode(await store.get(contextOf('one'), 'key'))).toBe('of one');
      for (const tenant of ['', '..', '.', 'one/two', '../one']) {
        await expect(store.get(contextOf(tenant), 'key'), tenant).rejects.toThrow('not an object key');
      }
    });

    it('shows readers one version or another while many write, never a mixture', async () => {
      const context = contextOf('crowd');
      const versions = Array.from({ length: 8 }, (_, i) => new Uint8Array(200_000 + i).fill(i));
      await store.put(context, 'key', versions[0]!);
      const writing = Promise.all(versions.map((version) => store.put(context, 'key', version)));
      for (let i = 0; i < 20; i++) {
        const read = await store.get(context, 'key');
        expect(Buffer.compare(read, versions[read[0]!]!)).toBe(0);
      }
      await writing;
    });
  });
}
