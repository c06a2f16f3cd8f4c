"""The AWS SDK's client of the Bedrock runtime."""

import boto3
from botocore.config import Config

from callers.common import drain, parameters, question

apis = ["converse"]


def begin(vendor_url, provider):
    global url
    url = vendor_url


def call(api, scenario, model, stream=False):
    client = boto3.client(
        "bedrock-runtime",
        endpoint_url=f"{url}/{scenario}",
        region_name="eu-central-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(retries={"total_max_attempts": 1}),
    )
    ask = {"modelId": model, "messages": [{"role": "user", "content": [{"text": question}]}]}
    if scenario == "tool":
        ask["toolConfig"] = {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": parameters}}}]}
    if stream:
        drain(client.converse_stream(**ask)["stream"], True)
    else:
        client.converse(**ask)
