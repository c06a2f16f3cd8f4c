"""Makes calls with real clients under a real instrumentation: `calls.py VENDOR-URL MODULE:CLASS|none CALLER VENDOR [CASE...]`. Prints
`{"case", "bill", "request"}` per case of cases.json, `request` being its spans as an OTLP JSON export request. CALLER is a module of
callers/: `apis` are those it speaks, `begin(vendor_url, provider)` prepares it, and `call(**case)` makes the call of a case."""

import importlib
import json
import sys
import urllib.request
from pathlib import Path

from google.protobuf.json_format import MessageToDict
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

url, instrumentation, calls_by, vendor, *only = sys.argv[1:]

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)

if instrumentation != "none":
    module, name = instrumentation.split(":")
    getattr(importlib.import_module(module), name)().instrument()
caller = importlib.import_module(f"callers.{calls_by}")
caller.begin(url, provider)


def bills():
    with urllib.request.urlopen(f"{url}/bills") as answer:
        return json.load(answer)


told = len(bills())
for one in json.loads((Path(__file__).parent / "cases.json").read_text()):
    case, of = one.pop("name"), one.pop("vendor")
    if of != vendor or one["api"] not in caller.apis or (only and case not in only):
        continue
    exporter.clear()
    try:
        caller.call(**one)
    except Exception:
        if one["scenario"] not in ("rate_limited", "failed", "cut"):
            raise
    provider.force_flush()
    bill = bills()
    request = MessageToDict(encode_spans(exporter.get_finished_spans()), use_integers_for_enums=True)
    print(json.dumps({"case": case, "bill": bill[told:], "request": request}))
    told = len(bill)
