/** What the side that is not there is called in `virtual_node`. */
export type VirtualNode = '' | 'client' | 'server';

/** A request between two services, of which one side or both are known. */
export interface Edge {
  /** The client's span id is none: the server's span is a root. */
  readonly isRoot: boolean;
  readonly expiresMs: number;
  connectionType: '' | 'messaging_system' | 'database' | 'virtual_node';
  client: string;
  server: string;
  clientSeconds: number;
  serverSeconds: number;
  isFailed: boolean;
  /** Values of the configured dimensions by `client_NAME` and `server_NAME`. */
  readonly dimensions: Map<string, string>;
  /** Values of the attributes that name the server, by their place in the configuration. */
  readonly peers: Map<number, string>;
  virtualNode: VirtualNode;
}

/** Requests that wait for their other side, oldest first. */
export class EdgeStore {
  readonly #maxItems: number;
  readonly #ttlMs: number;
  readonly #complete: (edge: Edge) => void;
  readonly #expire: (edge: Edge) => void;
  readonly #edges = new Map<string, Edge>();

  /** `complete` is called with a request whose two sides are known, `expire` with one that waited too long. */
  constructor(maxItems: number, ttlMs: number, complete: (edge: Edge) => void, expire: (edge: Edge) => void) {
    this.#maxItems = maxItems;
    this.#ttlMs = ttlMs;
    this.#complete = complete;
    this.#expire = expire;
  }

  get size(): number {
    return this.#edges.size;
  }

  /** Updates the request of this name, which is made when it is not known. Returns whether it is new; undefined when there is no room for it. */
  update(name: string, isRoot: boolean, nowMs: number, change: (edge: Edge) => void): boolean | undefined {
    const known = this.#edges.get(name);
    const edge = known ?? newEdge(isRoot, nowMs + this.#ttlMs);
    change(edge);
    if (edge.client !== '' && edge.server !== '') {
      this.#edges.delete(name);
      this.#complete(edge);
      return known === undefined;
    }
    if (known !== undefined) return false;
    if (this.#edges.size >= this.#maxItems && !this.#evict(nowMs)) return undefined;
    this.#edges.set(name, edge);
    return true;
  }

  /** Lets requests go that waited too long. */
  expire(nowMs: number): void {
    while (this.#evict(nowMs));
  }

  #evict(nowMs: number): boolean {
    for (const [name, edge] of this.#edges) {
      if (edge.expiresMs >= nowMs) return false;
      this.#edges.delete(name);
      this.#expire(edge);
      return true;
    }
    return false;
  }

  /** Forgets everything. */
  clear(): void {
    this.#edges.clear();
  }
}

function newEdge(isRoot: boolean, expiresMs: number): Edge {
  return {
    isRoot,
    expiresMs,
    connectionType: '',
    client: '',
    server: '',
    clientSeconds: 0,
    serverSeconds: 0,
    isFailed: false,
    dimensions: new Map(),
    peers: new Map(),
    virtualNode: '',
  };
}
