"""LangChain's model for OpenAI, and a LangGraph agent with one tool."""

import os

from langchain_core.tools import tool
from langchain_core.tracers.langchain import wait_for_all_tracers
from langchain_openai import ChatOpenAI
from langgraph.prebuilt import create_react_agent

from callers.common import drain, question

apis = ["chat", "agent"]
callbacks = []


def begin(vendor_url, provider):
    global url
    url = vendor_url
    if os.environ.get("TOLD_BY") == "langfuse":
        from langfuse import Langfuse
        from langfuse.langchain import CallbackHandler
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        # The provider's own exporter has the spans: those of Langfuse's go nowhere.
        Langfuse(public_key="none", secret_key="none", base_url=url, tracer_provider=provider, span_exporter=InMemorySpanExporter())
        callbacks.append(CallbackHandler(public_key="none"))


@tool
def weather(city: str) -> str:
    """The weather."""
    return "sunny"


def call(api, scenario, model, stream=False, includeUsage=False):
    chat = ChatOpenAI(model=model, api_key="none", base_url=f"{url}/{scenario}/v1", max_retries=0, stream_usage=includeUsage)
    config = {"callbacks": callbacks}
    try:
        if api == "agent":
            create_react_agent(chat, [weather]).invoke({"messages": [("user", question)]}, config=config)
        elif stream:
            drain(chat.stream(question, config=config), True)
        else:
            chat.invoke(question, config=config)
    finally:
        # LangSmith makes its spans in a thread of its own.
        wait_for_all_tracers()
