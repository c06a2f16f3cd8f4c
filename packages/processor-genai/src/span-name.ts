import type { Call } from '@millrace/genai';
import { key } from '@millrace/wire';
import type { AttributesView, Key } from '@millrace/wire';

const requestModel = key('gen_ai.request.model');
const names: Readonly<Partial<Record<Call['level'], Key>>> = {
  agent: key('gen_ai.agent.name'),
  tool: key('gen_ai.tool.name'),
  workflow: key('gen_ai.workflow.name'),
  retrieval: key('gen_ai.data_source.id'),
};

/** What the conventions call the span of an operation: `{operation} {model, tool, agent, ...}`; '' when the operation is not known. */
export function spanName(attributes: AttributesView, call: Call): string {
  if (call.operation === '') return '';
  const named = names[call.level];
  const subject =
    named === undefined ? attributes.string(requestModel) || call.requestModel || call.responseModel : (attributes.string(named) ?? '');
  return subject === '' ? call.operation : `${call.operation} ${subject}`;
}
