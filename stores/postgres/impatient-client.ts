import pg from 'pg';

const SILENT = 'Query read timeout';

/**
 * A connection that gives a server up when it stays silent for longer than `query_timeout`: frozen, or cut off by a
 * network that says nothing. The server's own time-out cannot help there. The driver leaves such a connection open, with
 * the statement under way, and its pool would hand it out again; here it is closed.
 */
export class ImpatientClient extends pg.Client {
  override query: pg.Client['query'] = ((...args: Parameters<pg.Client['query']>) => {
    const result: unknown = super.query(...args);
    if (result instanceof Promise) {
      result.catch((error: Error) => {
        // Marks the connection as broken at once, so that the pool closes it when it is given back.
        if (error.message === SILENT) this.connection.emit('error', error);
      });
    }
    return result;
  }) as pg.Client['query'];
}
