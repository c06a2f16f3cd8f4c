import { converter, string } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { browserOf, systemOf } from '../user-agent/user-agent.ts';

/** `UserAgent(text)`: the program and the operating system of a user agent, under the names of the semantic conventions. */
export const userAgent: FunctionDefinition = converter('UserAgent', { user_agent: string }, ({ user_agent: userAgent }) => (context) => {
  const text = userAgent(context);
  const browser = browserOf(text);
  const system = systemOf(text);
  const result = new Map([
    ['user_agent.name', browser.name],
    ['user_agent.original', text],
    ['user_agent.version', browser.version],
  ]);
  if (system.name !== '') result.set('os.name', system.name);
  if (system.version !== '') result.set('os.version', system.version);
  return result;
});
