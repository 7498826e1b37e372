/** What is told of changes to what forecasts rest on: prices, events, models, promotions. */
export interface ChangeListener {
  /** Something of a ticker changed; told within a second. */
  changed(tenant: string, ticker: string): void;
  /** Changes are heard from now on; what changed before this moment may have been missed. */
  hearing(): void;
  /** From now on changes may be missed, until `hearing`. */
  lost(): void;
}

/** Tells one listener of every committed change, whichever process made it. */
export interface Changes {
  /** Begins to listen, in the background, and keeps at it until `close`. */
  listen(listener: ChangeListener): void;
  close(): Promise<void>;
}
