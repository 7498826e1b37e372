/** What an SVG attribute may be; numbers are written with two decimals at most, so that equal input gives equal bytes. */
type Attributes = { readonly [name: string]: string | number };

/** An element with its content, which is markup already. */
export function element(name: string, attributes: Attributes, ...content: readonly string[]): string {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === 'number' ? decimal(value) : escaped(value)}"`,
  );
  return content.length === 0
    ? `<${name}${written.join('')}/>`
    : `<${name}${written.join('')}>${content.join('')}</${name}>`;
}

/** A piece of text; `attributes` say where. */
export function words(text: string, attributes: Attributes): string {
  return element('text', attributes, escaped(text));
}

/** What a picture is called and says, for those who see it and for those who have it read to them. */
export interface Caption {
  /** Unique among the pictures that one page may show. */
  readonly id: string;
  readonly title: string;
  readonly subtitle: string;
  /** What is to be seen, in a few sentences. */
  readonly description: string;
  readonly footer: string;
}

/** Size of every picture, and where its plots may lie; in pixels. */
export const WIDTH = 860;
export const HEIGHT = 420;
export const MARGIN = { left: 62, right: 24, top: 92, bottom: 62 };

// Plain colours in classes, not variables: programs that know no CSS variables would paint everything black.
const STYLE = `
text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#1f2328}
.title{font-size:16px;font-weight:600}.small{font-size:12px}.muted{fill:#59636e}
.paper{fill:#fff}.grid{stroke:#d8dee4}.axis{stroke:#818b98}
.band95{fill:#cfe3fb}.band80{fill:#93c3f5}
.model{stroke:#0a58b5;fill:none;stroke-width:1.8}.model-fill{fill:#0a58b5}
.other{stroke:#6e7781;fill:none;stroke-width:1.5}.other-fill{fill:#fff;stroke:#6e7781;stroke-width:1.8}
.dash{stroke-dasharray:5 4}
.came{fill:#1f2328}.missed{fill:#fff;stroke:#c2410c;stroke-width:1.8}.far{fill:#c2410c}
@media(prefers-color-scheme:dark){
text{fill:#e6edf3}.muted{fill:#9aa4ae}
.paper{fill:#0d1117}.grid{stroke:#2b323a}.axis{stroke:#656c76}
.band95{fill:#152d4a}.band80{fill:#1f5088}
.model{stroke:#6cb2ff}.model-fill{fill:#6cb2ff}
.other{stroke:#9198a1}.other-fill{fill:#0d1117;stroke:#9198a1}
.came{fill:#e6edf3}.missed{fill:#0d1117;stroke:#ff9a57}.far{fill:#ff9a57}
}
`;

/** A whole picture around its plots. */
export function picture({ id, title, subtitle, description, footer }: Caption, ...plots: readonly string[]): string {
  const [titleId, descriptionId] = [`${id}-title`, `${id}-description`];
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      width: WIDTH,
      height: HEIGHT,
      role: 'img',
      'aria-labelledby': `${titleId} ${descriptionId}`,
    },
    element('title', { id: titleId }, escaped(title)),
    element('desc', { id: descriptionId }, escaped(description)),
    element('style', {}, STYLE),
    element('rect', { class: 'paper', width: WIDTH, height: HEIGHT }),
    words(title, { class: 'title', x: 20, y: 30 }),
    words(subtitle, { class: 'muted', x: 20, y: 51 }),
    ...plots,
    words(footer, { class: 'small muted', x: 20, y: HEIGHT - 14 }),
  )}\n`;
}

/** One thing that a legend explains: how it looks, drawn around (0, 0) within 12 pixels each way, and what it is. */
export interface LegendEntry {
  readonly sign: string;
  readonly text: string;
}

/** A row of signs with their meaning; widths are estimated, since nothing here can measure text. */
export function legend(entries: readonly LegendEntry[], y: number): string {
  let x = 20;
  const parts = entries.map(({ sign, text }) => {
    const at = element('g', { transform: `translate(${decimal(x + 12)} ${y - 4})` }, sign);
    const part = at + words(text, { class: 'small', x: x + 30, y });
    x += 30 + text.length * 6.6 + 18;
    return part;
  });
  return parts.join('');
}

/** A number with two decimals at most, and no negative zero. */
function decimal(value: number): string {
  const rounded = Math.round(value * 100) / 100;
  return String(rounded === 0 ? 0 : rounded);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
