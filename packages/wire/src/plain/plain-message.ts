/** What a field of a `PlainMessage` holds. */
export type PlainField = string | number | bigint | boolean | Uint8Array | undefined | PlainMessage | readonly PlainField[];

/**
 * A message as an object with the field names of OTLP/JSON and values of JavaScript's own types: 64-bit integers are bigint, ids are lower-case
 * hex, bytes are Uint8Array, enums are numbers; of a oneof the member that is set is there.
 */
export interface PlainMessage {
  readonly [field: string]: PlainField;
}
