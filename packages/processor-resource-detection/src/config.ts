import { absentDetectors, detectors } from './detectors.ts';
import type { DetectorName } from './detectors.ts';
import type { AttributeDefinition, Detector } from './detector.ts';

/** The checked configuration of processor `resource_detection`. */
export interface ResourceDetectionConfig extends Readonly<Record<Exclude<DetectorName, 'env'>, object>> {
  readonly detectors: readonly string[];
  readonly override: boolean;
  readonly timeout: string;
  /** 0: never. */
  readonly refresh_interval: string;
}

function attributesSchema(attributes: Readonly<Record<string, AttributeDefinition>>): object {
  return {
    type: 'object',
    additionalProperties: false,
    default: {},
    description: 'Which attributes the detector sets.',
    properties: Object.fromEntries(
      Object.entries(attributes).map(([name, { enabled, description }]) => [
        name,
        {
          type: 'object',
          additionalProperties: false,
          default: {},
          description,
          properties: { enabled: { type: 'boolean', default: enabled, description: 'Whether the attribute is set.' } },
        },
      ]),
    ),
  };
}

function section(name: string, { attributes, settings }: Detector<never>): object {
  return {
    type: 'object',
    additionalProperties: false,
    default: {},
    description: `Settings of detector \`${name}\`.`,
    properties: { ...settings, ...(attributes !== undefined && { resource_attributes: attributesSchema(attributes) }) },
  };
}

const sections = Object.entries(detectors).filter(([, { attributes }]) => attributes !== undefined);
const absentSections = Object.values(absentDetectors).filter((name) => name !== '');

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    detectors: {
      type: 'array',
      items: { type: 'string' },
      default: ['env'],
      description: 'What is asked, in this order: of two detectors that know an attribute the earlier one wins.',
    },
    override: {
      type: 'boolean',
      default: true,
      description: 'Whether an attribute that a resource has already is replaced.',
    },
    timeout: {
      type: 'string',
      format: 'duration',
      default: '5s',
      description: 'Longest duration of a detection; a detector that fails is tried again for so long.',
    },
    refresh_interval: {
      type: 'string',
      format: 'duration',
      default: '0s',
      description: 'Duration between two detections. 0: only at the start.',
    },
    attributes: { 'x-unsupported': 'switch attributes with <detector>::resource_attributes::<attribute>::enabled' },
    ...Object.fromEntries(sections.map(([name, detector]) => [name, section(name, detector)])),
    ...Object.fromEntries(
      absentSections.map((name) => [name, { type: 'object', description: 'Accepted without effect: this detector finds nothing here.' }]),
    ),
  },
};
