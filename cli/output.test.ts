import { expect, test } from 'vitest';
import { Output } from './output.ts';
import { TextSink } from '../tests/support/text-sink.ts';

test('people get progress and result on stdout', () => {
  const [stdout, stderr] = [new TextSink(), new TextSink()];
  const output = new Output(stdout, stderr, false);
  output.say('working');
  output.result({ answer: 42 }, () => 'the answer is 42');
  expect(stdout.text).toBe('working\nthe answer is 42\n');
  expect(stderr.text).toBe('');
});

test('machines get one JSON document on stdout and nothing else', () => {
  const [stdout, stderr] = [new TextSink(), new TextSink()];
  const output = new Output(stdout, stderr, true);
  output.say('working');
  output.result({ answer: 42 }, () => 'the answer is 42');
  expect(JSON.parse(stdout.text)).toEqual({ answer: 42 });
  expect(stderr.text).toBe('working\n');
});

test('what is no terminal gets no colours', () => {
  const { colors } = new Output(new TextSink(), new TextSink(), false);
  expect(colors.red('plain')).toBe('plain');
});
