/** An answer that a handler has written as JSON itself, with what clients may do with it. */
export class WrittenAnswer {
  /** JSON by the schema of the endpoint. */
  readonly body: string;
  /** Length of the body in UTF-8. */
  readonly bytes: number;
  readonly etag: string;
  readonly cacheControl: string;

  constructor(
    { body, bytes }: { readonly body: string; readonly bytes: number },
    { etag, cacheControl }: { readonly etag: string; readonly cacheControl: string },
  ) {
    this.body = body;
    this.bytes = bytes;
    this.etag = etag;
    this.cacheControl = cacheControl;
  }
}
