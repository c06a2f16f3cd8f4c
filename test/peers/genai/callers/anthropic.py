"""Anthropic's own client."""

import anthropic

from callers.common import drain, parameters, question

apis = ["messages"]


def begin(vendor_url, provider):
    global url
    url = vendor_url


def call(api, scenario, model, stream=False):
    client = anthropic.Anthropic(api_key="none", base_url=f"{url}/{scenario}", max_retries=0)
    more = {}
    if stream:
        more["stream"] = True
    if scenario == "tool":
        more["tools"] = [{"name": "weather", "input_schema": parameters}]
    if scenario == "reasoning":
        more["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    drain(client.messages.create(model=model, max_tokens=2048, messages=[{"role": "user", "content": question}], **more), stream)
