import type { Call } from '../call.ts';
import type { Facts } from '../facts.ts';
import { field, fields } from '../field.ts';
import { providerName, providerOfHost, providerOfModel } from '../provider.ts';

const requestModels = fields(
  'gen_ai.request.model',
  'llm.request.model_name',
  'llm.request.model',
  'ai.model.id',
  'langfuse.observation.model.name',
  'langsmith.metadata.ls_model_name',
  'ls_model_name',
  'embedding.model_name',
  'reranker.model_name',
  'llm.model_name',
);
const responseModels = fields('gen_ai.response.model', 'llm.response.model_name', 'llm.response.model', 'ai.response.model');
/** OpenInference has one name for both, which is what answered when it is known what was asked for, there or in the parameters. */
const eitherModel = field('llm.model_name');
const invocation = field('llm.invocation_parameters');
const responseIds = fields('gen_ai.response.id', 'ai.response.id', 'llm.response.id');
const providerKeys = fields(
  'gen_ai.provider.name',
  'llm.provider',
  'gen_ai.system',
  'llm.system',
  'ai.model.provider',
  'llm.vendor',
  'langsmith.metadata.ls_provider',
  'ls_provider',
);
const addresses = fields('server.address', 'net.peer.name', 'gen_ai.openai.api_base', 'llm.request.base_url', 'url.full', 'http.url');
const ports = fields('server.port', 'net.peer.port');

/** Frameworks, which some libraries write where a provider belongs. */
const frameworks: ReadonlySet<string> = new Set([
  '',
  'langchain',
  'langgraph',
  'llamaindex',
  'llama_index',
  'crewai',
  'haystack',
  'autogen',
  'dspy',
  'litellm',
  'pydantic_ai',
  'pydantic-ai',
  'strands-agents',
  'agno',
  'mastra',
  'smolagents',
  'openai_agents',
  'vercel',
  'ai',
  'unknown',
  'gateway',
  'portkey',
  'helicone',
  '_other',
]);

/** Fills models, provider and server. */
export function readModel(facts: Facts, into: Call): void {
  into.requestModel = facts.firstText(requestModels);
  into.responseModel = facts.firstText(responseModels);
  into.responseId = facts.firstText(responseIds);
  if (into.responseModel === '' && (facts.has(eitherModel) || facts.has(invocation))) {
    const either = facts.text(eitherModel);
    const asked = /"model"\s*:\s*"([^"]+)"/.exec(facts.wholeText(invocation))?.[1] ?? '';
    if (asked !== '' && (into.requestModel === '' || into.requestModel === either)) into.requestModel = asked;
    if (either !== into.requestModel) into.responseModel = either;
  }
  const address = facts.firstText(addresses);
  into.serverAddress = address.includes('/') ? hostOf(address) : address;
  into.serverPort = facts.firstNumber(ports);
  into.provider = '';
  for (const candidate of providerKeys.fields) {
    if (!facts.has(candidate)) continue;
    const name = providerName(facts.text(candidate));
    if (frameworks.has(name)) continue;
    into.provider = name;
    break;
  }
  if (into.provider === 'gcp.gen_ai') into.provider = googleService(into.serverAddress);
  // A library of one vendor that was pointed at another's endpoint still says its own.
  if (into.provider === '' || into.provider === 'openai') {
    const host = into.serverAddress === '' ? '' : providerOfHost(into.serverAddress);
    if (host !== '') into.provider = host;
  }
  if (into.provider === '') into.provider = providerOfModel(into.model);
}

/** The client library of Google serves two services. */
function googleService(address: string): string {
  const host = address === '' ? '' : providerOfHost(address);
  return host === '' ? 'gcp.gen_ai' : host;
}

function hostOf(url: string): string {
  const start = url.indexOf('//');
  const rest = start < 0 ? url : url.slice(start + 2);
  const path = rest.search(/[/?#]/);
  const authority = path < 0 ? rest : rest.slice(0, path);
  // Who logs in, and with which password, is no part of the name.
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  const port = host.search(/:\d*$/);
  return port < 0 ? host : host.slice(0, port);
}
