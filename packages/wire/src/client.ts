/** Who sent a batch. It travels with the batch and is lost where batches of several clients are merged. */
export interface Client {
  /** Header or gRPC metadata values by lower-case name; empty unless the receiver has `include_metadata: true`. */
  readonly metadata: ReadonlyMap<string, readonly string[]>;
  /** The peer's IP address. */
  readonly address?: string;
  /** What an authenticator found out about the client. */
  readonly auth?: Readonly<Record<string, unknown>>;
}

/** The client of a batch that nobody in particular sent. */
export const noClient: Client = { metadata: new Map() };
