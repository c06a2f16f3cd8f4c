import { messages } from './anthropic.ts';
import type { Api } from './api.ts';
import { bedrock } from './bedrock.ts';
import { gemini } from './gemini.ts';
import { chat, completions, embeddings, responses } from './openai.ts';

/** Every interface; the first whose path fits answers. */
export const apis: readonly Api[] = [chat, completions, responses, embeddings, messages, gemini, bedrock];
