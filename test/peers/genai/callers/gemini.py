"""Google's own client, for the Gemini API."""

from google import genai
from google.genai import types

from callers.common import drain, parameters, question

apis = ["generate_content"]


def begin(vendor_url, provider):
    global url
    url = vendor_url


def call(api, scenario, model, stream=False):
    client = genai.Client(api_key="none", http_options=types.HttpOptions(base_url=f"{url}/{scenario}"))
    config = None
    if scenario == "tool":
        weather = types.FunctionDeclaration(name="weather", description="The weather.", parameters_json_schema=parameters)
        config = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[weather])])
    generate = client.models.generate_content_stream if stream else client.models.generate_content
    drain(generate(model=model, contents=question, config=config), stream)
