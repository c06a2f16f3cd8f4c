import { Key, key } from '@millrace/api';
import type { Component, Context, Plain, ResourceEdit, Visitor } from '@millrace/api';
import type { ResourceDetectionConfig } from './config.ts';
import { Detection } from './detection.ts';
import type { Detected } from './detector.ts';

/** An attribute with its bytes ready. */
interface Prepared {
  readonly name: Key;
  /** Absent for values that are no text. */
  readonly text: Key | undefined;
  readonly value: Plain;
}

/** Detections by configuration, so that all pipelines of a processor share one. */
const detections = new WeakMap<ResourceDetectionConfig, Detection>();

function detectionOf(config: ResourceDetectionConfig): Detection {
  let detection = detections.get(config);
  if (detection === undefined) detections.set(config, (detection = new Detection(config)));
  return detection;
}

/** Writes what was detected into every resource. A resource that says the same already is not touched. */
export class ResourceDetection implements Visitor, Component {
  readonly #detection: Detection;
  readonly #context: Context;
  readonly #overrides: boolean;
  #attributes: readonly Prepared[] = [];
  #schemaUrl: Key | undefined;

  constructor(config: ResourceDetectionConfig, context: Context) {
    this.#detection = detectionOf(config);
    this.#context = context;
    this.#overrides = config.override;
  }

  start(): Promise<void> {
    return this.#detection.use(this, this.#context, (detected) => this.#prepare(detected));
  }

  shutdown(): void {
    this.#detection.leave(this);
  }

  #prepare({ attributes, schemaUrl }: Detected): void {
    this.#schemaUrl = schemaUrl === '' ? undefined : new Key(schemaUrl);
    this.#attributes = Object.entries(attributes).map(([name, value]) => ({
      name: key(name),
      text: typeof value === 'string' ? new Key(value) : undefined,
      value,
    }));
  }

  onResource(resource: ResourceEdit): void {
    const { attributes } = resource;
    if (this.#schemaUrl !== undefined) resource.addSchemaUrl(this.#schemaUrl);
    for (const { name, text, value } of this.#attributes) {
      if (text === undefined) {
        if (this.#overrides || !attributes.has(name)) attributes.setPlain(name, value);
      } else if (this.#overrides ? !attributes.equals(name, text) : !attributes.has(name)) attributes.setString(name, text);
    }
  }
}
