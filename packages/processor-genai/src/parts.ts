/** A part of a message: the shapes of gen-ai-input-messages.json (semantic-conventions-genai). Parts that it does not know stay as they came. */
export type Part = Readonly<Record<string, unknown>> & { readonly type: string };

/** A map in JSON. */
export type Json = Readonly<Record<string, unknown>>;

/** JSON, or undefined when the text is none or holds no list or map. */
export function parseContainer(text: string): unknown {
  const first = text.trimStart()[0];
  if (first !== '{' && first !== '[') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A text. */
export function textPart(content: string): Part {
  return { type: 'text', content };
}

/** A call of a tool; arguments that are JSON in a text become what they are. */
export function toolCallPart(id: unknown, name: unknown, given: unknown): Part {
  const inner = typeof given === 'string' ? (parseContainer(given) ?? given) : given;
  return {
    type: 'tool_call',
    ...(isText(id) && { id }),
    name: isText(name) ? name : '',
    ...(inner !== undefined && inner !== '' && { arguments: inner }),
  };
}

/** What a tool answered. */
export function toolResponsePart(id: unknown, response: unknown): Part {
  return { type: 'tool_call_response', ...(isText(id) && { id }), response: response ?? '' };
}

/** A picture, sound or file by its address, or inline in a data URL. */
export function mediaPart(modality: string, url: string, mime?: unknown): Part {
  const inline = /^data:([^;,]*)(?:;[^,]*)?,/.exec(url.slice(0, 256));
  if (inline === null) return { type: 'uri', modality, ...(isText(mime) && { mime_type: mime }), uri: url };
  return { type: 'blob', modality, mime_type: inline[1] || (isText(mime) ? mime : 'text/plain'), content: url.slice(inline[0].length) };
}

/** The content of a message: a text, a list of blocks in the shape of any vendor, or either as JSON. */
export function partsOf(content: unknown): Part[] {
  if (content === undefined || content === null || content === '') return [];
  if (typeof content === 'string') {
    const parsed = parseContainer(content);
    return isBlocks(parsed) ? parsed.flatMap(partsOf) : [textPart(content)];
  }
  if (Array.isArray(content)) return content.flatMap((block) => (typeof block === 'string' ? [textPart(block)] : partsOf(block)));
  return isJson(content) ? blockParts(content) : [textPart(asText(content))];
}

/** Whether a list is one of blocks of content rather than content that happens to be a list. */
function isBlocks(value: unknown): value is readonly Json[] {
  return Array.isArray(value) && value.length > 0 && value.every((block) => isJson(block) && (isText(block['type']) || 'text' in block));
}

function blockParts(block: Json): Part[] {
  const { type } = block;
  switch (type) {
    case 'text':
    case 'input_text':
    case 'output_text':
    case 'summary_text': {
      if (type === 'text' && 'content' in block) return [block as Part];
      return [textPart(asText(block['text'] ?? block['content'] ?? ''))];
    }
    case 'refusal':
      return [textPart(asText(block['refusal']))];
    case 'thinking':
    case 'reasoning':
      if (type === 'reasoning' && isText(block['content'])) return [block as Part];
      return [{ type: 'reasoning', content: asText(block['thinking'] ?? block['text'] ?? block['summary'] ?? '') }];
    case 'tool_use':
      return [toolCallPart(block['id'], block['name'], block['input'])];
    case 'tool-call':
      return [toolCallPart(block['toolCallId'], block['toolName'], block['input'] ?? block['args'])];
    case 'function_call':
      return [toolCallPart(block['call_id'] ?? block['id'], block['name'], block['arguments'])];
    case 'tool_result':
      return [toolResponsePart(block['tool_use_id'], block['content'])];
    case 'tool-result':
      return [toolResponsePart(block['toolCallId'], unwrapped(block['output'] ?? block['result']))];
    case 'function_call_output':
      return [toolResponsePart(block['call_id'], block['output'])];
    case 'image_url':
    case 'input_image': {
      const url = isJson(block['image_url']) ? block['image_url']['url'] : block['image_url'];
      return isText(url) ? [mediaPart('image', url)] : [block as Part];
    }
    case 'image':
    case 'document':
    case 'file':
    case 'input_audio':
      return [media(block, type)];
    default:
  }
  return isText(type) ? [block as Part] : untypedParts(block);
}

/** The Vercel AI SDK says the type of an output around it. */
function unwrapped(output: unknown): unknown {
  return isJson(output) && isText(output['type']) && 'value' in output ? output['value'] : output;
}

/** Anthropic's, Vercel's and OpenAI's pictures, sounds and files. */
function media(block: Json, type: string): Part {
  const source = isJson(block['source']) ? block['source'] : undefined;
  const modality = type === 'input_audio' ? 'audio' : type === 'file' ? modalityOf(block['mediaType'] ?? block['mimeType']) : type;
  if (source !== undefined) {
    if (isText(source['url'])) return mediaPart(modality, source['url']);
    if (isText(source['data'])) return { type: 'blob', modality, mime_type: source['media_type'], content: source['data'] };
  }
  const audio = block['input_audio'];
  if (isJson(audio) && isText(audio['data'])) {
    return { type: 'blob', modality, mime_type: `audio/${asText(audio['format'] ?? 'wav')}`, content: audio['data'] };
  }
  const data = block['image'] ?? block['data'] ?? block['url'];
  if (!isText(data)) return block as Part;
  const mime = block['mediaType'] ?? block['mimeType'];
  if (/^[a-z]+:/.test(data)) return mediaPart(modality, data, mime);
  return { type: 'blob', modality, ...(isText(mime) && { mime_type: mime }), content: data };
}

function modalityOf(mime: unknown): string {
  const kind = isText(mime) ? mime.split('/')[0]! : '';
  return kind === 'image' || kind === 'audio' || kind === 'video' ? kind : 'document';
}

/** Blocks that tell what they are by their member: Gemini's and Bedrock's. */
function untypedParts(block: Json): Part[] {
  if (isText(block['text'])) return [block['thought'] === true ? { type: 'reasoning', content: block['text'] } : textPart(block['text'])];
  const call = block['functionCall'] ?? block['function_call'];
  if (isJson(call)) return [toolCallPart(call['id'], call['name'], call['args'])];
  const answer = block['functionResponse'] ?? block['function_response'];
  if (isJson(answer)) return [toolResponsePart(answer['id'] ?? answer['name'], answer['response'])];
  const use = block['toolUse'];
  if (isJson(use)) return [toolCallPart(use['toolUseId'], use['name'], use['input'])];
  const result = block['toolResult'];
  if (isJson(result)) return [toolResponsePart(result['toolUseId'], result['content'])];
  const inline = block['inlineData'] ?? block['inline_data'];
  if (isJson(inline)) {
    const mime = inline['mimeType'] ?? inline['mime_type'];
    return [{ type: 'blob', modality: modalityOf(mime), mime_type: mime, content: inline['data'] }];
  }
  return [textPart(JSON.stringify(block))];
}

/** Whether it is a map. */
export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether it is a text that is not empty. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** A text as it is, anything else as JSON. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
