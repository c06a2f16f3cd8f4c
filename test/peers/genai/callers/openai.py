"""OpenAI's own client; told by LangSmith's wrapper of it when `TOLD_BY` says so."""

import os

import openai

from callers.common import drain, parameters, question

apis = ["chat", "responses", "embeddings"]


def begin(vendor_url, provider):
    global url
    url = vendor_url


def call(api, scenario, model, stream=False, includeUsage=False):
    client = openai.OpenAI(api_key="none", base_url=f"{url}/{scenario}/v1", max_retries=0)
    if os.environ.get("TOLD_BY") != "langsmith":
        return ask(client, api, scenario, model, stream, includeUsage)
    from langsmith.run_trees import get_cached_client
    from langsmith.wrappers import wrap_openai

    try:
        ask(wrap_openai(client), api, scenario, model, stream, includeUsage)
    finally:
        # LangSmith makes its spans in a thread of its own.
        get_cached_client().flush()


def ask(client, api, scenario, model, stream, includeUsage):
    if api == "embeddings":
        return client.embeddings.create(model=model, input=question)
    if api == "responses":
        return drain(client.responses.create(model=model, input=question, stream=stream), stream)
    more = {}
    if stream:
        more["stream"] = True
    if includeUsage:
        more["stream_options"] = {"include_usage": True}
    if scenario == "tool":
        more["tools"] = [{"type": "function", "function": {"name": "weather", "parameters": parameters}}]
    drain(client.chat.completions.create(model=model, messages=[{"role": "user", "content": question}], **more), stream)
