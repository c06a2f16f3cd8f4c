import { configOf, receiverContract } from '@millrace/api/testing';
import type { Answer } from '@millrace/api/testing';
import { isPermanent } from '@millrace/api';
import type { Signal } from '@millrace/api';
import { admitBytes, noClient } from '@millrace/wire';
import { describe, expect, it } from '@jest/globals';
import { factory, Inlet } from '@millrace/receiver-sdk';

const inlets: Inlet[] = [];
const shared = new Inlet();
// Each instance of the contract has an inlet of its own, so that what one example sends reaches one receiver.
const perInstance: Inlet['factory'] = {
  ...shared.factory,
  create: (config, next, context) => {
    const inlet = new Inlet();
    inlets.push(inlet);
    return inlet.factory.create(config, next, context);
  },
};

receiverContract({ describe, it, expect }, perInstance, () => ({
  config: configOf(perInstance),
  send: (signal: Signal, body: Buffer): Promise<Answer> =>
    inlets
      .at(-1)!
      .batch(signal, (pool) => admitBytes(signal, body, noClient, pool))
      .then(
        () => 'taken',
        (error: unknown) => (isPermanent(error) ? 'permanent' : 'retryable'),
      ),
}));

describe('The receiver of the standalone program', () => {
  it('is refused, with what to do instead', () => {
    expect(factory.validateConfig!(configOf(factory))).toEqual([
      expect.stringMatching(/createMillrace of @millrace\/sdk.*receiver "otlp"/),
    ]);
    expect(() => factory.create(configOf(factory), new Map(), {} as never)).toThrow('takes telemetry of the application');
  });
});
