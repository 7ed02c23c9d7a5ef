"""What the scripted provider answers: a function of what it was asked, the same in every dialect."""

import json
import re
from dataclasses import dataclass, field

from . import agent


@dataclass
class Asked:
    """A request as any dialect says it, read by the provider's own reader."""

    model: str
    is_streaming: bool = False
    system: list = field(default_factory=list)
    turns: list = field(default_factory=list)  # (role, [part]); a part is ("text", s), ("image", type, bytes), …
    tools: dict = field(default_factory=dict)  # name -> JSON schema; None for one that takes text
    hosted: list = field(default_factory=list)  # the tools that the provider itself runs
    tool_choice: object = None  # None, "auto", "none", "any" or a name
    schema: dict | None = None
    stops: list = field(default_factory=list)
    max_tokens: int | None = None
    temperature: float | None = None
    thinks: bool = False
    wants_usage: bool = True
    choices: int = 1

    def parts(self, kind, last_turns=None):
        turns = self.turns if last_turns is None else self.turns[-last_turns:]
        return [part for _, parts in turns for part in parts if part[0] == kind]

    @property
    def text(self):
        said = [part[1] for role, parts in self.turns if role == "user" for part in parts if part[0] == "text"]
        return said[-1] if said else ""


@dataclass
class Reply:
    text: str = ""
    thinking: str = ""
    calls: list = field(default_factory=list)  # (id, name, arguments)
    finish: str = "stop"  # stop, length, tools, stop_sequence
    stop_sequence: str | None = None
    # input (all of it), cached, cache_write (all of it), cache_write_1h, output (all of it, of all choices), reasoning, and
    # of input and output what is sound or a picture
    usage: dict = field(default_factory=dict)
    tells_usage: str = "yes"  # yes, none, or start: only where the answer begins

    def words(self):
        """The text in pieces, as a stream has it."""
        return re.findall(r"\s*\S+\s*", self.text) or ([self.text] if self.text else [])


class Fault(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def directives(text):
    found = re.search(r"\[\[(.*?)\]\]", text)
    return dict(word.partition("=")[::2] for word in found[1].split()) if found else {}


def decide(asked):
    wanted = directives(asked.text)
    if "status" in wanted:
        raise Fault(int(wanted["status"]), f"the script says {wanted['status']}")
    reply = Reply()
    results = asked.parts("tool_result", last_turns=1)
    errand = agent.errand_of(asked)
    if errand:
        agent.go_on(asked, reply, errand)
    elif results:
        reply.text = "The tools say: " + "; ".join(
            f"{name or id}={text}{' (error)' if is_error else ''}" for _, id, name, text, is_error in results)
    elif asked.tools and asked.tool_choice != "none" and ("weather" in asked.text or asked.tool_choice not in (None, "auto")):
        cities = re.findall(r"Paris|Rome|Oslo", asked.text) or ["Paris"]
        name = asked.tool_choice if asked.tool_choice in asked.tools else next(iter(asked.tools))
        reply.calls = [(f"call_{index}x", name, {"city": city, "note": 'a "quoted"\nline'}) for index, city in enumerate(cities)]
        reply.finish = "tools"
    elif asked.schema is not None:
        reply.text = json.dumps({"city": "Paris", "degrees": 21})
    elif asked.parts("image") or asked.parts("document"):
        seen = [f"{kind} {media_type} {len(data)}" for kind, media_type, data in asked.parts("image") + asked.parts("document")]
        reply.text = "I see: " + ", ".join(seen)
    else:
        reply.text = f"You said: {asked.text}" + (f" (told: {' | '.join(asked.system)})" if asked.system else "")
    for stop in asked.stops:
        if stop in reply.text:
            reply.text = reply.text.split(stop)[0]
            reply.finish, reply.stop_sequence = "stop_sequence", stop
    if asked.thinks:
        reply.thinking = "Let me think. Then “answer”."
    words = len(reply.words())
    if asked.max_tokens is not None and "cutme" in asked.text and words > asked.max_tokens:
        reply.text = "".join(reply.words()[:asked.max_tokens])
        reply.finish = "length"
    said = sum(len(part[1].split()) for part in asked.parts("text"))
    reasoning = 5 if asked.thinks else 0
    figure = {name: int(wanted.get(name, 0)) for name in ("cached", "written", "written1h", "audio", "image", "audio_out", "image_out")}
    reply.tells_usage = wanted.get("usage", "yes")
    reply.usage = {"input": 20 + said, "cached": figure["cached"], "cache_write": figure["written"] + figure["written1h"],
                   "cache_write_1h": figure["written1h"], "input_audio": figure["audio"], "input_image": figure["image"],
                   "output": asked.choices * (len(reply.words()) + 7 * len(reply.calls) + reasoning), "reasoning": asked.choices * reasoning,
                   "output_audio": figure["audio_out"], "output_image": figure["image_out"]}
    return reply
