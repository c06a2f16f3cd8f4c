"""LiteLLM as a library, with its own OpenTelemetry callback and its own cache."""

import os
import time

# Else it asks the network for prices.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
from litellm.caching.caching import Cache
from litellm.integrations.opentelemetry import OpenTelemetry, OpenTelemetryConfig
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from callers.common import drain, question

apis = ["chat", "embeddings", "cached"]


def begin(vendor_url, provider):
    global url, ended
    url, ended = vendor_url, []
    # Else it prints advice where the recordings go.
    litellm.suppress_debug_info = True
    # The provider's own exporter has the spans: those of the callback go nowhere.
    litellm.callbacks = [OpenTelemetry(config=OpenTelemetryConfig(exporter=InMemorySpanExporter()), tracer_provider=provider)]
    provider.add_span_processor(Ended())


class Ended:
    """LiteLLM makes its spans in a thread of its own, after the answer."""

    def on_start(self, span, parent_context=None):
        pass

    def _on_ending(self, span):
        pass

    def on_end(self, span):
        if span.name == "litellm_request":
            ended.append(span)

    def shutdown(self):
        pass

    def force_flush(self, timeout_millis=0):
        return True


def call(api, scenario, model, stream=False, includeUsage=False):
    common = {"model": f"openai/{model}", "api_base": f"{url}/{scenario}/v1", "api_key": "none", "num_retries": 0, "max_retries": 0}
    litellm.cache = Cache(type="local") if api == "cached" else None
    for _ in range(2 if api == "cached" else 1):
        before = len(ended)
        try:
            if api == "embeddings":
                litellm.embedding(input=[question], **common)
            else:
                more = {"stream_options": {"include_usage": True}} if includeUsage else {}
                messages = [{"role": "user", "content": question}]
                drain(litellm.completion(messages=messages, stream=stream, **more, **common), stream)
        finally:
            for _ in range(200):
                if len(ended) > before:
                    break
                time.sleep(0.05)
