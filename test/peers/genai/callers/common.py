"""What every caller says and offers."""

question = "What does the canal feed?"
parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def drain(answer, stream):
    if stream:
        for _ in answer:
            pass
