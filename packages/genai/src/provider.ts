/**
 * The well-known names of providers (`gen_ai.provider.name` of OpenTelemetry, and names in its style for those it does not list), each with what
 * libraries, gateways and vendors call them, in lower case with `.`, `-`, `/`, `:` and blanks as `_`.
 */
export const providers: Readonly<Record<string, readonly string[]>> = {
  openai: ['openai', 'open_ai', 'chatgpt', 'openai_chat', 'openai_responses', 'text_completion_openai'],
  'azure.ai.openai': ['azure_ai_openai', 'az_ai_openai', 'azure_openai', 'azureopenai', 'azure', 'azure_openai_responses'],
  'azure.ai.inference': [
    'azure_ai_inference',
    'az_ai_inference',
    'azure_ai',
    'azure_inference',
    'azure_ai_foundry',
    'azure_foundry',
    'foundry',
  ],
  anthropic: ['anthropic', 'claude'],
  'aws.bedrock': ['aws_bedrock', 'bedrock', 'amazon_bedrock', 'aws', 'amazon', 'bedrock_converse', 'bedrock_runtime', 'converse'],
  'gcp.gemini': [
    'gcp_gemini',
    'gemini',
    'google_gemini',
    'google_generative_ai',
    'generativelanguage',
    'google_ai_studio',
    'google_aistudio',
    'palm',
  ],
  'gcp.vertex_ai': [
    'gcp_vertex_ai',
    'vertex_ai',
    'vertexai',
    'vertex',
    'google_vertex',
    'google_vertex_ai',
    'google_vertexai',
    'vertex_ai_beta',
  ],
  'gcp.gen_ai': ['gcp_gen_ai', 'google', 'google_genai', 'genai', 'gcp'],
  mistral_ai: ['mistral_ai', 'mistral', 'mistralai', 'codestral'],
  cohere: ['cohere', 'cohere_chat', 'cohere_client'],
  groq: ['groq'],
  deepseek: ['deepseek', 'deep_seek'],
  x_ai: ['x_ai', 'xai', 'grok'],
  perplexity: ['perplexity', 'perplexity_ai', 'pplx'],
  'ibm.watsonx.ai': ['ibm_watsonx_ai', 'watsonx', 'watsonx_ai', 'ibm', 'ibm_watsonx', 'watson'],
  moonshot_ai: ['moonshot_ai', 'moonshot', 'moonshotai', 'kimi'],
  together_ai: ['together_ai', 'together', 'togetherai'],
  fireworks_ai: ['fireworks_ai', 'fireworks', 'fireworksai'],
  openrouter: ['openrouter', 'open_router'],
  ollama: ['ollama', 'ollama_chat'],
  huggingface: ['huggingface', 'hugging_face', 'hf', 'huggingface_hub'],
  replicate: ['replicate'],
  cerebras: ['cerebras'],
  nvidia: ['nvidia', 'nvidia_nim', 'nim'],
  ai21: ['ai21', 'ai21_chat', 'ai21_labs'],
  'alibaba.qwen': ['alibaba_qwen', 'dashscope', 'qwen', 'alibaba', 'tongyi'],
  z_ai: ['z_ai', 'zai'],
  zhipuai: ['zhipuai', 'zhipu', 'zhipu_ai', 'bigmodel'],
  voyage_ai: ['voyage_ai', 'voyage', 'voyageai'],
  jina_ai: ['jina_ai', 'jina', 'jinaai'],
  databricks: ['databricks'],
  sambanova: ['sambanova'],
  cloudflare: ['cloudflare', 'workers_ai', 'cloudflare_workers_ai'],
  vllm: ['vllm', 'hosted_vllm'],
  minimax: ['minimax'],
};

/** Hosts of vendors: what a server address ends with. */
const hosts: readonly (readonly [string, string])[] = [
  ['openai.azure.com', 'azure.ai.openai'],
  ['cognitiveservices.azure.com', 'azure.ai.openai'],
  ['inference.ai.azure.com', 'azure.ai.inference'],
  ['services.ai.azure.com', 'azure.ai.inference'],
  ['models.github.ai', 'azure.ai.inference'],
  ['openai.com', 'openai'],
  ['anthropic.com', 'anthropic'],
  ['generativelanguage.googleapis.com', 'gcp.gemini'],
  ['aiplatform.googleapis.com', 'gcp.vertex_ai'],
  ['mistral.ai', 'mistral_ai'],
  ['cohere.com', 'cohere'],
  ['cohere.ai', 'cohere'],
  ['groq.com', 'groq'],
  ['deepseek.com', 'deepseek'],
  ['x.ai', 'x_ai'],
  ['perplexity.ai', 'perplexity'],
  ['ml.cloud.ibm.com', 'ibm.watsonx.ai'],
  ['moonshot.ai', 'moonshot_ai'],
  ['moonshot.cn', 'moonshot_ai'],
  ['together.xyz', 'together_ai'],
  ['together.ai', 'together_ai'],
  ['fireworks.ai', 'fireworks_ai'],
  ['openrouter.ai', 'openrouter'],
  ['huggingface.co', 'huggingface'],
  ['replicate.com', 'replicate'],
  ['cerebras.ai', 'cerebras'],
  ['api.nvidia.com', 'nvidia'],
  ['ai21.com', 'ai21'],
  ['aliyuncs.com', 'alibaba.qwen'],
  ['z.ai', 'z_ai'],
  ['bigmodel.cn', 'z_ai'],
  ['voyageai.com', 'voyage_ai'],
  ['jina.ai', 'jina_ai'],
  ['sambanova.ai', 'sambanova'],
];

/** Models that only one vendor has: the vendor's own service is assumed, unless the name is in the form that a host of many models uses. */
const models: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:(?:us|eu|apac|ap|jp|au|ca|global|us-gov)\.)?(?:anthropic|amazon|meta|cohere|mistral|ai21|deepseek|writer|stability)\./,
    'aws.bedrock',
  ],
  [
    /^(?:ft:gpt-|ft:davinci|ft:babbage|gpt-|o[1345](?:-|$)|chatgpt|davinci|babbage|text-embedding-(?:3|ada)|dall-e|whisper|tts-1|sora|codex-|computer-use-preview|omni-moderation)/,
    'openai',
  ],
  [/^accounts\/fireworks\//, 'fireworks_ai'],
  [/^claude-.*@\d{8}$/, 'gcp.vertex_ai'],
  [/^claude/, 'anthropic'],
  [/^(?:models\/)?(?:gemini|learnlm|imagen|veo-)/, 'gcp.gemini'],
  [/^(?:mistral-|ministral|codestral|magistral|devstral|pixtral|open-mi[sx]tral|voxtral)/, 'mistral_ai'],
  [/^(?:command|c4ai-|embed-(?:english|multilingual|v\d)|rerank-)/, 'cohere'],
  [/^grok/, 'x_ai'],
  [/^deepseek-(?:chat|reasoner|coder)$/, 'deepseek'],
  [/^sonar/, 'perplexity'],
  [/^(?:kimi|moonshot)/, 'moonshot_ai'],
  [/^(?:qwen-|qwen[23]?\.?5?-(?:max|plus|turbo))/, 'alibaba.qwen'],
  [/^(?:glm-)/, 'z_ai'],
  [/^voyage-/, 'voyage_ai'],
  [/^jina-/, 'jina_ai'],
];

const names = new Map(Object.entries(providers).flatMap(([name, others]) => others.map((other) => [other, name] as const)));
const mostRemembered = 1024;

/** What a text is found to mean, remembered for the last texts. */
function remembering(find: (text: string) => string): (text: string) => string {
  const found = new Map<string, string>();
  return (text) => {
    let answer = found.get(text);
    if (answer !== undefined) return answer;
    answer = find(text);
    if (found.size >= mostRemembered) found.clear();
    if (text.length <= 256) found.set(text, answer);
    return answer;
  };
}

/**
 * The well-known name of what a library calls a provider: `Azure OpenAI` and `azure-openai.chat` are `azure.ai.openai`; the longest beginning
 * that is known decides. A name that is not known stays, in lower case.
 */
export const providerName: (name: string) => string = remembering((name) => {
  let text = name.trim().toLowerCase();
  if (names.get(text) === undefined) text = text.replaceAll(/[\s.\-/:]+/g, '_');
  for (let known = text; known !== ''; known = known.slice(0, Math.max(0, known.lastIndexOf('_')))) {
    const found = names.get(known);
    if (found !== undefined) return found;
  }
  return name.trim().toLowerCase();
});

/** The provider whose host this is; '' when it is nobody's that is known. */
export const providerOfHost: (host: string) => string = remembering((host) => {
  const text = host.toLowerCase();
  if (/^bedrock[\w-]*\.[\w.-]*amazonaws\.com/.test(text)) return 'aws.bedrock';
  return hosts.find(([end]) => text === end || text.endsWith(`.${end}`) || text.endsWith(`-${end}`))?.[1] ?? '';
});

/** The provider that a model's name tells: its prefix (`openai/gpt-4o`), or that only one has such models; '' when it does not tell. */
export const providerOfModel: (model: string) => string = remembering((model) => {
  const text = model.toLowerCase();
  const slash = text.indexOf('/');
  if (slash > 0 && !text.startsWith('models/')) {
    const prefix = names.get(text.slice(0, slash).replaceAll(/[\s.\-:]+/g, '_'));
    if (prefix !== undefined) return prefix;
  }
  return models.find(([pattern]) => pattern.test(text))?.[1] ?? '';
});
