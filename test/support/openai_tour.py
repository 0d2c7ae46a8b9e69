"""Uses the openai package against a gateway and prints what its users would see, as one JSON object."""

import json
import os

import openai

URL = os.environ["KEYPORTER_TOUR_URL"]
CHAT = {"model": "test-model", "messages": [{"role": "user", "content": "Hello"}]}


def client(key):
    return openai.OpenAI(base_url=URL, api_key=key, max_retries=0)


def refusal(call):
    try:
        call()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.code]
    raise SystemExit("expected a refusal")


def streamed(good):
    text, tokens = "", None
    for chunk in good.chat.completions.create(**CHAT, stream=True, stream_options={"include_usage": True}):
        if chunk.choices:
            text += chunk.choices[0].delta.content or ""
        if chunk.usage:
            tokens = chunk.usage.total_tokens
    return [text, tokens]


good = client(os.environ["KEYPORTER_TOUR_KEY"])
narrow = client(os.environ["KEYPORTER_TOUR_NARROW_KEY"])
print(
    json.dumps(
        {
            "models": sorted(model.id for model in good.models.list()),
            "retrieved": good.models.retrieve("org/model-b").id,
            "chat": good.chat.completions.create(**CHAT).choices[0].message.content,
            "streamed": streamed(good),
            "embedding": good.embeddings.create(model="test-model", input="x", encoding_format="float").data[0].embedding,
            "unauthorized": refusal(lambda: client("sk-wrong").chat.completions.create(**CHAT)),
            "forbidden": refusal(lambda: narrow.chat.completions.create(**CHAT)),
            "unknown": refusal(lambda: good.chat.completions.create(**{**CHAT, "model": "no-such-model"})),
            "limited": refusal(lambda: good.chat.completions.create(**CHAT, user="refuse-429")),
            "unavailable": refusal(lambda: good.chat.completions.create(**CHAT, user="refuse-503")),
        }
    )
)
