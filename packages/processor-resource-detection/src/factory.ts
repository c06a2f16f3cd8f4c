import type { ProcessorFactory } from '@millrace/api';
import { configSchema } from './config.ts';
import type { ResourceDetectionConfig } from './config.ts';
import { absentDetectors, detectors } from './detectors.ts';
import { ResourceDetection } from './resource-detection.ts';

function validateConfig(config: ResourceDetectionConfig): string[] {
  const unknown = config.detectors
    .map((name) => name.trim())
    .filter((name) => !Object.hasOwn(detectors, name) && !Object.hasOwn(absentDetectors, name));
  const problems = unknown.map((name) => `detectors: invalid detector key: ${name}`);
  for (const [name, { attributes, validate }] of Object.entries(detectors)) {
    if (attributes === undefined) continue;
    const section = config[name as Exclude<keyof typeof detectors, 'env'>];
    for (const problem of validate?.(section as never) ?? []) problems.push(`${name}: ${problem}`);
  }
  return problems;
}

/** Processor `resource_detection`: writes into resources what is known about the place where this process runs. */
export const factory: ProcessorFactory<ResourceDetectionConfig> = {
  kind: 'processor',
  type: 'resource_detection',
  stability: { traces: 'beta', metrics: 'beta', logs: 'beta' },
  configSchema,
  validateConfig,
  visit: (config, context) => new ResourceDetection(config, context),
};
