declare module 'snappyjs' {
  /** One Snappy block (format_description.txt) in a buffer of its own. */
  export function compress(uncompressed: Buffer): Buffer;
  /** The content of such a block. */
  export function uncompress(compressed: Uint8Array): Uint8Array;
}
