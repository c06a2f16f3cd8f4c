import type { ComponentKind } from './catalog.ts';
import type { Position, Warning } from './problem.ts';
import type { TelemetryConfig } from './telemetry.ts';

/** The signals a pipeline can be for. */
export type PipelineSignal = 'traces' | 'metrics' | 'logs' | 'profiles';

/** One configured component, checked. */
export interface CheckedComponent {
  readonly kind: ComponentKind;
  /** `type` or `type/name` as the user wrote it, an older type name included: the key of its map, and what logs and metrics show. */
  readonly id: string;
  /** The canonical type, under which the catalog has it. */
  readonly type: string;
  /** The type as the user wrote it. */
  readonly typed: string;
  /** What follows the first `/`; empty without one. */
  readonly name: string;
  /** The configuration with its defaults filled in: fits the component's schema and its `validateConfig`. */
  readonly config: unknown;
  /** What it was checked with; knows what is secret. */
  readonly configSchema: object;
  readonly position: Position;
}

/** One pipeline. Ids are those of the components as the user wrote them; connectors stand among receivers and exporters. */
export interface CheckedPipeline {
  /** `signal` or `signal/name`. */
  readonly id: string;
  readonly signal: PipelineSignal;
  readonly name: string;
  readonly receivers: readonly string[];
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
  readonly position: Position;
}

/** The `service` section. */
export interface CheckedService {
  /** The extensions to start, in order. Others may be configured: they are checked and not started. */
  readonly extensions: readonly string[];
  /** By id, in the order of the file. */
  readonly pipelines: ReadonlyMap<string, CheckedPipeline>;
  readonly telemetry: TelemetryConfig;
}

/** A configuration that can be built: every id resolves, every component is known and its settings are right. Maps are in the order of the file. */
export interface CheckedConfig {
  /** As the user named them, and where the code is. */
  readonly plugins: readonly { readonly name: string; readonly url: string }[];
  readonly receivers: ReadonlyMap<string, CheckedComponent>;
  readonly processors: ReadonlyMap<string, CheckedComponent>;
  readonly exporters: ReadonlyMap<string, CheckedComponent>;
  readonly connectors: ReadonlyMap<string, CheckedComponent>;
  readonly extensions: ReadonlyMap<string, CheckedComponent>;
  readonly service: CheckedService;
  /** From resolving and from checking; for the log. */
  readonly warnings: readonly Warning[];
}
