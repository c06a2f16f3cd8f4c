import type { Call } from '../call.ts';
import type { Facts } from '../facts.ts';
import { fields } from '../field.ts';

const users = fields(
  'user.id',
  'enduser.id',
  'langfuse.user.id',
  'gen_ai.user.id',
  'gen_ai.request.user',
  'llm.user',
  'traceloop.association.properties.user_id',
  'traceloop.association.properties.userId',
  'ai.telemetry.metadata.userId',
  'ai.telemetry.metadata.user_id',
  'langsmith.metadata.user_id',
  'metadata.user_api_key_end_user_id',
  'metadata.user_api_key_user_id',
  'portkey.metadata._user',
  'helicone.user.id',
);
const teams = fields(
  'millrace.team',
  'team.id',
  'gen_ai.team.id',
  'metadata.user_api_key_team_alias',
  'metadata.user_api_key_team_id',
  'traceloop.association.properties.team_id',
  'traceloop.association.properties.team',
  'ai.telemetry.metadata.team',
  'ai.telemetry.metadata.teamId',
  'langsmith.metadata.team',
);
const apiKeys = fields(
  'millrace.api_key.id',
  'gen_ai.api_key.id',
  'metadata.user_api_key_alias',
  'metadata.user_api_key_hash',
  'metadata.user_api_key',
  'portkey.virtual_key',
);
const tasks = fields(
  'millrace.task_type',
  'gen_ai.task.type',
  'traceloop.association.properties.task_type',
  'ai.telemetry.metadata.taskType',
  'ai.telemetry.functionId',
  'langsmith.metadata.task_type',
  'gen_ai.workflow.name',
  'traceloop.workflow.name',
  'langfuse.trace.name',
);
const conversations = fields(
  'gen_ai.conversation.id',
  'session.id',
  'langfuse.session.id',
  'gen_ai.thread.id',
  'langsmith.trace.session_id',
  'langsmith.metadata.thread_id',
  'langsmith.metadata.session_id',
  'traceloop.association.properties.session_id',
  'traceloop.association.properties.thread_id',
  'traceloop.association.properties.conversation_id',
  'ai.telemetry.metadata.sessionId',
  'ai.telemetry.metadata.threadId',
);

/** Who asked, for what, in which conversation. */
export function readPeople(facts: Facts, into: Call): void {
  into.user = facts.firstText(users);
  into.team = facts.firstText(teams);
  into.apiKeyId = facts.firstText(apiKeys);
  into.task = facts.firstText(tasks);
  into.conversation = facts.firstText(conversations);
}
