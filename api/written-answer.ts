/** An answer that a handler has written as JSON itself, with what clients may do with it. */
export class WrittenAnswer {
  /** JSON by the schema of the endpoint. */
  readonly body: string;
  readonly etag: string;
  readonly cacheControl: string;

  constructor(body: string, { etag, cacheControl }: { readonly etag: string; readonly cacheControl: string }) {
    this.body = body;
    this.etag = etag;
    this.cacheControl = cacheControl;
  }
}
