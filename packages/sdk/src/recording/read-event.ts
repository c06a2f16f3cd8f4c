import { providerOfModel, tokenIndex } from '@millrace/genai';
import type { Call, TokenKind } from '@millrace/genai';
import type { InferenceEvent } from './events.ts';

/** Makes an empty call the one that an event describes. Tokens that are no whole numbers from 0 on count as unknown. */
export function readEvent(event: InferenceEvent, call: Call): void {
  const { operation = 'chat', model, usage } = event;
  call.dialect = 'api';
  call.level = operation === 'embeddings' || operation === 'rerank' ? operation : 'inference';
  call.operation = operation;
  call.requestModel = event.requestedModel ?? model;
  call.responseModel = event.error === undefined || event.requestedModel !== undefined ? model : '';
  call.provider = event.provider ?? providerOfModel(model) ?? '';
  call.timeToFirstChunk = (event.timeToFirstTokenMs ?? Number.NaN) / 1000;
  call.streamed = event.timeToFirstTokenMs !== undefined;
  call.reportedCost = event.cost === undefined ? '' : String(event.cost);
  call.reportedCurrency = event.currency ?? '';
  call.user = event.user ?? '';
  call.team = event.team ?? '';
  call.apiKeyId = event.apiKeyId ?? '';
  call.task = event.task ?? '';
  call.serviceTier = event.serviceTier ?? '';
  call.batch = event.batch ?? false;
  call.cacheResult = event.cache ?? '';
  call.cacheTier = event.cacheTier === undefined ? '' : String(event.cacheTier);
  call.errorType = event.error ?? '';
  call.qualityScore = event.quality ?? Number.NaN;
  call.evaluation = event.evaluation ?? '';
  call.serverAddress = event.serverAddress ?? '';
  call.serverPort = event.serverPort ?? Number.NaN;
  if (usage !== undefined) {
    for (const kind in usage) {
      const place = tokenIndex[kind as TokenKind] as unknown;
      const tokens = usage[kind as TokenKind];
      if (typeof place === 'number' && Number.isSafeInteger(tokens) && tokens! >= 0) call.usage.tokens[place] = tokens!;
    }
    call.usage.known = true;
  }
  call.usageMissing = !call.usage.known && call.errorType === '' && call.cacheResult !== 'hit';
}
