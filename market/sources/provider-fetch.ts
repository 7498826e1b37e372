import { SourceFailure } from './price-source.ts';

const LONGEST_QUOTED = 120;
/** Answers of these kinds say something about the request; their body may explain it. */
const MAY_EXPLAIN = new Set([400, 401, 404, 422]);

/**
 * A `fetch` for one provider. It reads every body to its end, so that connections are kept and used again and a
 * truncated answer is a failed attempt; what may pass (no connection, 429, 5xx) becomes a `SourceFailure` that knows
 * how long the provider wants to be left alone.
 * @param base where requests go instead of to the origin that they name
 */
export function providerFetch(base?: string): typeof fetch {
  return async (input, init) => {
    const asked = new URL(input instanceof Request ? input.url : input);
    const url = base === undefined ? asked : new URL(`${base.replace(/\/+$/, '')}${asked.pathname}${asked.search}`);
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, init);
      text = await response.text();
    } catch (cause) {
      init?.signal?.throwIfAborted();
      throw new SourceFailure(`no whole answer from ${url.host}: ${reasonOf(cause)}`, { cause });
    }
    const { status, statusText, headers } = response;
    if (status < 400 || (MAY_EXPLAIN.has(status) && text.trimStart().startsWith('{'))) {
      // Without a body, where a status allows none.
      return new Response(text === '' ? null : text, { status, statusText, headers });
    }
    // A page for browsers says nothing more.
    const said = text.trim() === '' || text.trimStart().startsWith('<') ? '' : `: ${excerpt(text)}`;
    throw new SourceFailure(`${url.host} answers ${status} ${statusText}${said}`, {
      retryAfterMs: retryAfter(headers.get('retry-after')),
    });
  };
}

/** A text as it can be quoted in a message: one line, not too long. */
export function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > LONGEST_QUOTED ? `${line.slice(0, LONGEST_QUOTED)}…` : line;
}

/** Reads `Retry-After`: seconds, or a date of HTTP. */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

// What `fetch` throws says little; its cause says what happened to the connection.
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return cause instanceof Error ? cause.message : String(error instanceof Error ? error.message : error);
}
