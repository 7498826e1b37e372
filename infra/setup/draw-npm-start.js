// Draws docs/images/npm-start.svg from a recording of a real run, whose ports were free and which is cut where … stands:
//   script -qec 'stty cols 160; npm start -- --once' recording.txt && node infra/setup/draw-npm-start.js recording.txt
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CHARACTER = 8;
const LINE = 18;
const MARGIN = 20;
const TOP = 52;
/** Classes of the picture by the code with which a terminal is told of the colour. */
const CLASSES = { 1: 'b', 2: 'd', 31: 'r', 32: 'g', 33: 'y', 36: 'c' };
const ESCAPE = '\u001b[';
const STYLE = new RegExp(`${ESCAPE.replace('[', '\\[')}([0-9;]*)m`);
/** Where the cursor goes, and what it wipes out. */
const MOVE = new RegExp(`${ESCAPE.replace('[', '\\[')}\\d*[A-KS-T]`, 'g');
const DEFAULT_PORTS = { API: 3000, 'Temporal UI': 8233 };

const recording = readFileSync(process.argv[2] ?? '', 'utf8').replaceAll('\r', '');
// A frame of the progress lies between these two; what was drawn last stays on the screen.
const [before = '', ...frames] = recording.split(`${ESCAPE}?7l`);
const after = (frames.at(-1)?.split(`${ESCAPE}?7h`)[1] ?? '').replaceAll(MOVE, '');
/** @type {[string, string][]} */
const ports = Object.entries(DEFAULT_PORTS).flatMap(([part, port]) => {
  const taken = new RegExp(`the ${part} takes (\\d+)`).exec(before)?.[1];
  return taken === undefined ? [] : [[`127.0.0.1:${taken}`, `127.0.0.1:${port}`]];
});
const withDefaultPorts = (/** @type {string} */ text) =>
  ports.reduce((changed, [found, usual]) => changed.replaceAll(found, usual), text);

const start = before.slice(before.indexOf('starting the local stack')).split('\n');
const progress = frames
  .map((frame) => frame.split(`${ESCAPE}?7h`)[0] ?? '')
  .find((frame) => /▸ train [^0]/.test(frame) && /▸ evaluate █/.test(frame));
if (progress === undefined)
  throw new Error('the recording shows no moment at which one ticker trains and one is judged');
const [table = [], reasons = [], , forecasts = [], , addresses = [], end = []] = after
  .trim()
  .split('\n\n')
  .map((paragraph) => paragraph.split('\n'));
const lines = [
  `${ESCAPE}2m$${ESCAPE}22m npm start`,
  ...start.filter((line) => line.trim() !== '' && !/^port \d+ is busy/.test(line)),
  ...progress.trimEnd().split('\n'),
  '…',
  ...[...table.slice(0, 21), '…', ''],
  ...[...reasons.slice(0, 4), '…', ''],
  ...[...forecasts.slice(0, 4), '…', ''],
  ...[...addresses, '', ...end],
].map(withDefaultPorts);

const width =
  2 * MARGIN + CHARACTER * Math.max(...lines.map((line) => parts(line).reduce((n, { text }) => n + text.length, 0)));
const height = TOP + LINE * lines.length + 6;
const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="13.2">
<title>npm start in a terminal: the stages of four tickers, part of the leaderboard, of the reasons and of the forecasts</title>
<style>text{fill:#d6dae3;white-space:pre}.b{font-weight:700;fill:#fff}.d{fill:#7d8799}.g{fill:#7ccf8a}.c{fill:#6cc7d9}.y{fill:#e3c26f}.r{fill:#ec7f86}</style>
<rect width="${width}" height="${height}" rx="8" fill="#161a22"/><circle cx="20" cy="18" r="5" fill="#ec7f86"/><circle cx="38" cy="18" r="5" fill="#e3c26f"/><circle cx="56" cy="18" r="5" fill="#7ccf8a"/>
${lines.flatMap(drawn).join('\n')}
</svg>
`;
writeFileSync(fileURLToPath(new URL('../../docs/images/npm-start.svg', import.meta.url)), picture);

/** @param {string} line @param {number} row */
function drawn(line, row) {
  let column = 0;
  return parts(line).flatMap(({ text, style }) => {
    // Words keep their columns whatever font there is.
    const words = [...text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: word, index }) => {
      const x = MARGIN + CHARACTER * (column + index);
      const look = style === undefined ? '' : ` class="${style}"`;
      const written = word.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
      return `<text x="${x}" y="${TOP + LINE * row}" textLength="${CHARACTER * word.length}" lengthAdjust="spacingAndGlyphs"${look}>${written}</text>`;
    });
    column += text.length;
    return words;
  });
}

/** A line's stretches of one style. @param {string} line */
function parts(line) {
  const [first = '', ...rest] = line.split(STYLE);
  /** @type {{ text: string, style: string | undefined }[]} */
  const found = [{ text: first, style: undefined }];
  for (let i = 0; i < rest.length; i += 2) {
    found.push({ text: rest[i + 1] ?? '', style: CLASSES[/** @type {keyof typeof CLASSES} */ (Number(rest[i]))] });
  }
  return found.filter(({ text }) => text !== '');
}
