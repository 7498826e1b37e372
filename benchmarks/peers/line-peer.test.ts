import { describe, expect, it } from 'vitest';
import { LinePeer } from './line-peer.ts';

const DOUBLER = `
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { number } = JSON.parse(line);
    if (number < 0) { console.error('no negative numbers'); process.exit(3); }
    console.log(JSON.stringify({ doubled: 2 * number, pid: process.pid }));
  });
`;

describe('LinePeer', () => {
  it('answers question after question in one process', async () => {
    const peer = new LinePeer('doubler', process.execPath, ['-e', DOUBLER]);
    const first = await peer.ask<{ doubled: number; pid: number }>({ number: 4 });
    expect(first.doubled).toBe(8);
    expect(await peer.ask({ number: 0.5 })).toEqual({ doubled: 1, pid: first.pid });
    await peer.close();
  });

  it('tells what the peer said when it ended instead of answering', async () => {
    const peer = new LinePeer('doubler', process.execPath, ['-e', DOUBLER]);
    await expect(peer.ask({ number: -1 })).rejects.toThrow('The peer doubler gave no answer: no negative numbers');
    await peer.close();
  });

  it('tells when the peer could not be started', async () => {
    const peer = new LinePeer('nobody', '/nowhere/at-all', []);
    await expect(peer.ask({})).rejects.toThrow(/The peer nobody gave no answer: .*ENOENT/);
    await peer.close();
  });
});
