/** The bytes are not legal OTLP. The message names the byte offset and the field path, so a sender can find the fault. */
export class WireError extends Error {
  override readonly name = 'WireError';
  /** What is wrong, without the place. */
  readonly reason: string;
  /** Offset of the offending byte in the request body (after decompression; in the JSON text for OTLP/JSON). */
  readonly byteOffset: number;
  /** Field path from the request, such as `resource_spans.scope_spans.spans.name`; empty at the top. */
  readonly fieldPath: string;

  constructor(reason: string, byteOffset: number, fieldPath: string) {
    super(`${reason} at byte ${byteOffset}${fieldPath === '' ? '' : ` in ${fieldPath}`}`);
    this.reason = reason;
    this.byteOffset = byteOffset;
    this.fieldPath = fieldPath;
  }
}
