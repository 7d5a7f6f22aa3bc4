"""How replies are made, tone by tone: each tone is a pipeline. Knows no server and no record."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from verbosify.models.settings import SamplingSettings
from verbosify.pipeline import Choice, Input, Pipeline, Step
from verbosify.pipeline.wording import read_words

HERE = Path(__file__).parent
MOST_CHARACTERS = 150
"""Of a post, as the server takes it, user-perceived."""
WISHED_CHARACTERS = 140
"""Of a post, as the page asks for it."""
REPLIES = 3
DRAWN = 9
"""Answers in one batch, of which the best are shown."""
LEAST, MOST = 15, 45
"""Tokens of an answer."""
DEFAULT_TONE = "dry"
MARK = "reply:"
_LONGEST_REPLY = 144
_ODD = ["<", ">", "{", "}", "[", "]", "|", "\\", "*", "#", "@", "http", "www.", "post:", "reply:", "(", "..."]
"""What a model that has read the web comes to where it does not know on."""


@dataclass(frozen=True, slots=True)
class Tone:
    """How replies sound: a word for it, the line that says who writes, and examples, each a post and its reply."""

    name: str
    says: str
    intro: str
    examples: tuple[tuple[str, str], ...]

    @property
    def template(self) -> str:
        """What the model continues; `before` is the conversation so far, `post` what is answered."""
        pairs = "".join(self.exchange(post, reply) for post, reply in self.examples)
        return f"{self.intro}\n\n{pairs}{{{{ before }}}}Post: {{{{ post | line }}}}\nA {self.says} {MARK}"

    def exchange(self, post: str, reply: str) -> str:
        """A post and its reply, as a prompt has them."""
        return f"Post: {post}\nA {self.says} {MARK} {reply}\n\n"


@cache
def tones() -> dict[str, Tone]:
    """The tones by name, in order."""
    read = tomllib.loads((HERE / "tones.toml").read_text("utf-8"))
    return {
        name: Tone(name, values["says"], values["intro"], tuple((post, reply) for post, reply in values["examples"]))
        for name, values in read.items()
    }


def pipeline_of(tone: str, model: str, forbidden: Sequence[str]) -> Pipeline:
    """How a reply of that tone comes about. `KeyError` if there is no such tone.

    The cleaners are those of the original, in its order: after the last mark of a reply, cut to 144 characters, back to
    where something ends, out of its quotes, trimmed, without one leading `>`, escapes read.
    """
    words = Step("forbidden_words", {"words": list(forbidden)})
    return Pipeline(
        name=f"reply, {tone}",
        template=tones()[tone].template,
        inputs=(
            Input(name="post", least=1, most=MOST_CHARACTERS, clean=(Step("one_line"),), refuse=(words,)),
            Input(name="before", least=0, most=4 * (MOST_CHARACTERS + _LONGEST_REPLY + 40)),
        ),
        model=model,
        settings=SamplingSettings(
            n=DRAWN, temperature=0.85, top_k=60, top_p=0.95, repetition_penalty=1.2, repetition_range=40
        ),
        least=LEAST,
        most=MOST,
        clean=(
            Step("first_line"),
            Step("after_last", {"marker": MARK}),
            Step("cut_characters", {"most": _LONGEST_REPLY}),
            Step("whole_sentences", {"marks": ".!?…", "otherwise": "drop"}),
            Step("unquote"),
            Step("trim"),
            Step("drop_leading", {"start": ">"}),
            Step("unescape"),
            Step("one_line"),
        ),
        refuse=(
            words,
            Step("has", {"texts": _ODD}),
            Step("fewer_words", {"least": 4}),
            Step("looped"),
            Step("copied", {"words": 6}),
        ),
        choose=Choice(
            rule="best",
            answers=REPLIES,
            rounds=3,
            measures=(
                Step("about", {"input": "post", "instead": "Hello, everyone."}),
                Step("likelihood", weight=0.3),
                Step("words", weight=-0.01),
            ),
        ),
    )


def read_forbidden(files: Iterable[Path] = ()) -> tuple[str, ...]:
    """Our own list of words and phrases, and those of `files`: see `read_words`."""
    return read_words((HERE / "forbidden.txt", *files))
