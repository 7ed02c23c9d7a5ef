"""LiteLLM's client library, unmodified, with the gateway as an OpenAI and as an Anthropic address. Prints one JSON
object of what it saw; test_libraries.py judges. (Its tools need packages of its server.)"""

import json
import os
import sys

import litellm

URL, KEY = os.environ["GATEWAY_URL"], os.environ["GATEWAY_KEY"]
ROUTES = {"openai": (URL + "/v1", "openai/{}"), "anthropic": (URL, "anthropic/{}")}


def talk(base, name):
    def ask(content, **options):
        return litellm.completion(model=name, api_base=base, api_key=KEY, num_retries=0, max_tokens=500,
                                  messages=[{"role": "user", "content": content}], **options)
    whole = ask("hello there")
    pieces = [chunk.choices[0].delta.content or "" for chunk in ask("hello there", stream=True) if chunk.choices]
    return {"whole": whole.choices[0].message.content, "streamed": "".join(pieces),
            "usage": [whole.usage.prompt_tokens, whole.usage.completion_tokens]}


print(json.dumps({f"{route} {model}": talk(base, name.format(model)) for model in sys.argv[1:]
                  for route, (base, name) in ROUTES.items()}))
