import { expect, test } from 'vitest';
import { TextSink } from '../../tests/support/text-sink.ts';
import { LiveBlock } from './live-block.ts';

/** What a terminal shows after these bytes: enough of one for new lines, going up and erasing below. */
function screen(bytes: string): string[] {
  const lines = [''];
  let row = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals speak in them
  for (const [piece] of bytes.matchAll(/\u001b\[\??(\d+)([A-Za-z])|\n|[^\u001b\n]+/g)) {
    const [, n, command] = /^\u001b\[\??(\d+)([A-Za-z])$/.exec(piece) ?? [];
    if (piece === '\n') {
      row++;
      lines[row] ??= '';
    } else if (command === 'F') row -= Number(n);
    else if (command === 'J') lines.splice(row, lines.length, '');
    else if (command === undefined) lines[row] += piece;
  }
  return lines.slice(0, -1);
}

test('a block is drawn over in place, also when it shrinks', () => {
  const terminal = new TextSink(24);
  const block = new LiveBlock(terminal);
  block.draw(['one', 'two', 'three']);
  expect(screen(terminal.text)).toEqual(['one', 'two', 'three']);
  block.draw(['uno', 'due']);
  expect(screen(terminal.text)).toEqual(['uno', 'due']);
});

test('other lines stay above the block', () => {
  const terminal = new TextSink(24);
  const block = new LiveBlock(terminal);
  block.draw(['50%']);
  block.above('a part died and was started again');
  block.draw(['60%']);
  expect(screen(terminal.text)).toEqual(['a part died and was started again', '60%']);
});

test('a cleared block leaves nothing', () => {
  const terminal = new TextSink(24);
  const block = new LiveBlock(terminal);
  block.draw(['50%', '60%']);
  block.clear();
  block.clear();
  expect(screen(terminal.text)).toEqual([]);
});

test('what does not fit on the screen is left out', () => {
  const terminal = new TextSink(3);
  const block = new LiveBlock(terminal);
  block.draw(['1', '2', '3', '4']);
  block.draw(['a', 'b', 'c', 'd']);
  expect(screen(terminal.text)).toEqual(['a', 'b']);
});
