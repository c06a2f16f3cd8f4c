import { isJson, isText, parseContainer } from './parts.ts';

/** Definitions of tools in the shape of gen-ai-tool-definitions.json, from those of any vendor; undefined when it is no list of them. */
export function toolDefinitions(values: readonly unknown[]): readonly unknown[] | undefined {
  const tools: unknown[] = [];
  for (const value of values) {
    const tool = typeof value === 'string' ? parseContainer(value) : value;
    if (!isJson(tool)) return undefined;
    const own = isJson(tool['function']) ? tool['function'] : isJson(tool['toolSpec']) ? tool['toolSpec'] : tool;
    const parameters = own['parameters'] ?? own['input_schema'] ?? own['inputSchema'];
    if (!isText(own['name'])) tools.push(tool);
    else {
      tools.push({
        type: isText(tool['type']) ? tool['type'] : 'function',
        name: own['name'],
        ...(own['description'] !== undefined && { description: own['description'] }),
        ...(parameters !== undefined && {
          parameters: typeof parameters === 'string' ? (parseContainer(parameters) ?? parameters) : parameters,
        }),
      });
    }
  }
  return tools;
}
