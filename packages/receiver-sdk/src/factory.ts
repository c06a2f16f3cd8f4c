import type { ReceiverFactory } from '@millrace/api';
import { configSchema } from './config.ts';
import type { SdkReceiverConfig } from './config.ts';

const reason =
  'takes telemetry of the application that millrace runs in, which this program is not: use createMillrace of @millrace/sdk inside of ' +
  'the application, or receiver "otlp" here and an OTLP exporter there';

/** Receiver `sdk` of the standalone program, which refuses it: the one that works is `Inlet.factory`, which @millrace/sdk puts in its place. */
export const factory: ReceiverFactory<SdkReceiverConfig> = {
  kind: 'receiver',
  type: 'sdk',
  stability: { traces: 'beta', metrics: 'beta', logs: 'beta' },
  scope: 'process',
  configSchema,
  validateConfig: () => [reason],
  create: () => {
    throw new Error(reason);
  },
};
