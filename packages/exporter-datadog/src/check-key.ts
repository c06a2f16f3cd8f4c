import type { Context, Host } from '@millrace/api';
import type { DatadogConfig } from './config.ts';
import { intakeClient } from './intake.ts';

const attemptMs = 15_000;

/**
 * Asks Datadog whether it knows the API key. Rejects when it does not and the configuration wants the program to end then; only logs otherwise,
 * and nothing when `stop` aborts.
 */
export async function checkKey(config: DatadogConfig, context: Context, host: Host, stop: AbortSignal): Promise<void> {
  const client = intakeClient(config, 'validate', context, host);
  const { logger } = context;
  try {
    const { status, body } = await client.send(Buffer.alloc(0), AbortSignal.any([stop, AbortSignal.timeout(attemptMs)]));
    const isKnown = status === 200 && /"valid"\s*:\s*true/.test(body.toString());
    if (isKnown) logger.info('API key validation successful.');
    else if (status === 200 || status === 403) {
      logger.warn('API Key validation failed');
      if (config.api.fail_on_invalid_key) throw new Error('API Key validation failed');
    } else logger.warn('Error while validating API key', { error: `HTTP Status Code ${status}` });
  } catch (error) {
    if ((error as Error).message === 'API Key validation failed') throw error;
    if (!stop.aborted) logger.warn('Error while validating API key', { error: (error as Error).message });
  } finally {
    await client.close();
  }
}
