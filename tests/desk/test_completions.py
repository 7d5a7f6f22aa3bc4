"""The completions API, asked by OpenAI's own client; and llama.cpp's, as front ends ask it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from tests.desks import TEXT, Client, Running
from tests.plain_http import NO_TLS
from verbosify.errors import ModelError
from verbosify.models.chat import chat_template, put, special_tokens

OVERFIT = {"text": TEXT, "recipe": {"learning_rate": 0.01}, "strength": 1.0}


@pytest.fixture
def api(running: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{running.address}/v1", api_key=running.access.key, max_retries=0) as client:
        yield client


@pytest.fixture
def program(running: Running) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {running.access.key}"}
    with httpx.Client(base_url=running.address, headers=headers, timeout=120, verify=NO_TLS) as client:
        yield client


def test_the_models_are_listed(api: openai.OpenAI, running: Running) -> None:
    assert running.desk.model in [model.id for model in api.models.list()]
    assert api.models.retrieve(running.desk.model).id == running.desk.model


def test_a_completion_streams_what_it_is_as_a_whole(api: openai.OpenAI, running: Running) -> None:
    asked: dict[str, Any] = {"model": running.desk.model, "prompt": TEXT, "n": 2, "max_tokens": 9, "seed": 5}

    whole = api.completions.create(**asked)
    chunks = list(api.completions.create(**asked, stream=True, stream_options={"include_usage": True}))

    assert [choice.index for choice in whole.choices] == [0, 1]
    for choice in whole.choices:
        parts = [c.choices[0] for c in chunks if c.choices and c.choices[0].index == choice.index]
        assert "".join(part.text for part in parts) == choice.text
        assert parts[-1].finish_reason == choice.finish_reason == "length"
    assert whole.usage == chunks[-1].usage
    assert whole.usage is not None
    assert whole.usage.completion_tokens == 18


def test_a_completion_is_what_the_desk_says_with_the_same_settings(
    api: openai.OpenAI, client: Client, running: Running
) -> None:
    draft = client.draft()
    settings = {"length": 8, "seed": 3, "temperature": 0.9, "top_k": 0}
    (row,) = client.generate(draft, n=1, settings=settings)

    said = api.completions.create(model=running.desk.model, prompt=TEXT, max_tokens=8, seed=3, temperature=0.9)

    assert said.choices[0].text == row["text"]


def test_stops_end_a_completion_and_do_not_show(api: openai.OpenAI, running: Running) -> None:
    said = api.completions.create(
        model=running.desk.model, prompt=TEXT, max_tokens=60, temperature=0, stop=[" the", "."]
    )

    assert said.choices[0].finish_reason == "stop"
    assert " the" not in said.choices[0].text
    assert "." not in said.choices[0].text


def test_log_probabilities_and_an_echo(api: openai.OpenAI, client: Client, running: Running) -> None:
    said = api.completions.create(model=running.desk.model, prompt=TEXT, max_tokens=3, logprobs=4, echo=True, seed=1)

    choice = said.choices[0]
    log = choice.logprobs
    assert choice.text.startswith(TEXT)
    assert log is not None
    assert "".join(log.tokens or []) == choice.text
    assert (log.token_logprobs or [0])[0] is None
    assert (log.text_offset or [])[-1] < len(choice.text)
    likeliest = client.call("tokens", draft=client.draft()["id"], top=4)["tokens"]
    at = len(log.tokens or []) - 3
    top = (log.top_logprobs or [])[at]
    assert top is not None
    assert {text: pytest.approx(value, abs=1e-3) for text, value in top.items()} == {
        each["text"]: math.log(each["probability"]) for each in likeliest
    }
    scored = api.completions.create(model=running.desk.model, prompt=TEXT, max_tokens=0, logprobs=0, echo=True)
    assert scored.choices[0].text == TEXT


def test_several_prompts_and_prompts_of_tokens(api: openai.OpenAI, client: Client, running: Running) -> None:
    tokens = [token["token_id"] for token in client.call("tokenize", text=TEXT)["tokens"]]
    asked: dict[str, Any] = {"model": running.desk.model, "max_tokens": 4, "seed": 2, "n": 2}

    by_text = api.completions.create(prompt=[TEXT, TEXT + " waits"], **asked)
    by_tokens = api.completions.create(prompt=tokens, **asked)

    assert [choice.index for choice in by_text.choices] == [0, 1, 2, 3]
    assert [choice.text for choice in by_tokens.choices] == [choice.text for choice in by_text.choices[:2]]
    streamed = list(api.completions.create(prompt=[TEXT, TEXT], stream=True, echo=True, logprobs=1, **asked))
    texts = ["".join(c.choices[0].text for c in streamed if c.choices[0].index == index) for index in range(4)]
    assert texts[0] == texts[2] == TEXT + by_text.choices[0].text


def test_bias_and_penalties_do_what_they_say(api: openai.OpenAI, client: Client, running: Running) -> None:
    token = client.call("tokenize", text=" the")["tokens"][0]["token_id"]

    said = api.completions.create(
        model=running.desk.model, prompt=TEXT, max_tokens=3, temperature=0, logit_bias={str(token): 100}
    )
    assert said.choices[0].text == " the the the"

    def distinct(**penalties: Any) -> float:
        asked = api.completions.create(model=running.desk.model, prompt=TEXT, max_tokens=40, temperature=0, **penalties)
        words = asked.choices[0].text.split()
        return len(set(words)) / len(words)

    # not all of them: this model may be so sure of a word that no penalty keeps it away
    assert distinct(frequency_penalty=2, presence_penalty=2) > distinct()


def test_an_overfit_changes_what_is_said(api: openai.OpenAI, running: Running) -> None:
    asked: dict[str, Any] = {"model": running.desk.model, "prompt": "The ferry", "max_tokens": 8, "temperature": 0}

    fresh = api.completions.create(**asked, logprobs=1)
    overfitted = api.completions.create(**asked, logprobs=1, extra_body={"overfit": OVERFIT})
    none = api.completions.create(**asked, logprobs=1, extra_body={"overfit": {**OVERFIT, "strength": 0.0}})

    def likelihood(said: Any) -> float:
        return float(said.choices[0].logprobs.token_logprobs[0])

    assert likelihood(overfitted) != pytest.approx(likelihood(fresh), abs=1e-3)
    assert likelihood(none) == pytest.approx(likelihood(fresh), abs=1e-4)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"prompt": TEXT, "n": 10**6}, 400, "n"),
        ({"prompt": TEXT, "max_tokens": "many"}, 400, "max_tokens"),
        ({"prompt": TEXT, "temperature": -1}, 400, "temperature"),
        ({"prompt": TEXT, "logit_bias": {"the": 1}}, 400, "ids"),
        ({"prompt": TEXT, "logit_bias": {"-3": 1}}, 400, "ids"),
        ({"prompt": TEXT, "logit_bias": {"99999999": 1}}, 400, "no token"),
        ({"prompt": TEXT, "best_of": 3}, 400, "best_of"),
        ({"prompt": TEXT, "suffix": "."}, 400, "suffix"),
        ({"prompt": ""}, 400, "empty"),
        ({"prompt": [7, 99_999_999]}, 400, "token"),
        ({"prompt": "word " * 3000}, 400, "reads"),
        ({"prompt": TEXT, "model": "gpt-9"}, 404, "no model"),
        ({"prompt": TEXT, "overfit": {"text": "x"}}, 400, "token"),
        ({"prompt": TEXT, "overfit": {"text": TEXT, "recipe": "odd"}}, 400, "recipe"),
        ({"prompt": TEXT, "overfit": {"text": TEXT, "strength": 9}}, 400, "strength"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_an_error_in_openais_shape(
    program: httpx.Client, body: dict[str, Any], status: int, says: str
) -> None:
    answer = program.post("/v1/completions", json=body)

    assert answer.status_code == status
    error = answer.json()["error"]
    assert says in error["message"]
    assert set(error) == {"message", "type", "param", "code"}


def test_openais_client_tells_errors_as_it_knows_them(running: Running, api: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="max_tokens"):
        api.completions.create(model=running.desk.model, prompt=TEXT, max_tokens=10**9)
    with pytest.raises(openai.NotFoundError, match="no model"):
        api.models.retrieve("gpt-9")
    wrong = openai.OpenAI(base_url=f"{running.address}/v1", api_key="wrong", max_retries=0)
    with wrong, pytest.raises(openai.AuthenticationError, match="key"):
        wrong.models.list()
    with pytest.raises(openai.APIError, match="no token"):
        list(
            api.completions.create(
                model=running.desk.model, prompt=TEXT, stream=True, extra_body={"banned_tokens": [10**8]}
            )
        )


def test_errors_of_the_guard_have_the_same_shape(program: httpx.Client) -> None:
    too_large = program.post("/v1/completions", content=b"x" * 7_000_000, headers={"Content-Type": "application/json"})
    no_json = program.post("/completion", content=b'{"prompt": NaN}', headers={"Content-Type": "application/json"})

    assert (too_large.status_code, no_json.status_code) == (413, 400)
    assert "larger" in too_large.json()["error"]["message"]
    assert "NaN" in no_json.json()["error"]["message"]


TEMPLATE = (
    "{% for message in messages %}{% if message.role == 'system' %}{{ raise_exception('no systems') }}{% endif %}"
    "{{ message.content }}{{ eos_token }}\n{% endfor %}{% if add_generation_prompt %}The ferry{% endif %}"
)


def test_a_chat_is_put_as_the_models_template_says(
    api: openai.OpenAI, running: Running, speaking_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages: list[Any] = [{"role": "user", "content": [{"type": "text", "text": TEXT}]}]
    with pytest.raises(openai.BadRequestError, match="no chat template"):
        api.chat.completions.create(model=running.desk.model, messages=messages)
    place = speaking_model / "chat_template.jinja"
    place.write_text(TEMPLATE)
    try:
        asked: dict[str, Any] = {"model": running.desk.model, "messages": messages, "max_tokens": 6, "seed": 4, "n": 2}
        whole = api.chat.completions.create(**asked, logprobs=True, top_logprobs=2)
        chunks = list(api.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
        with pytest.raises(openai.BadRequestError, match="no systems"):
            api.chat.completions.create(model=running.desk.model, messages=[{"role": "developer", "content": "x"}])
    finally:
        place.unlink()

    for choice in whole.choices:
        parts = [c.choices[0] for c in chunks if c.choices and c.choices[0].index == choice.index]
        assert "".join(part.delta.content or "" for part in parts) == choice.message.content
        assert choice.logprobs is not None
        assert len((choice.logprobs.content or [])[0].top_logprobs) == 2
    assert chunks[-1].usage == whole.usage


def test_a_chat_template_comes_from_the_models_files_and_runs_in_a_sandbox(tmp_path: Path) -> None:
    assert chat_template(tmp_path) is None
    assert special_tokens(tmp_path) == {}
    config = {"chat_template": [{"name": "default", "template": "{{ bos_token }}"}], "bos_token": {"content": "<s>"}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    assert chat_template(tmp_path) == "{{ bos_token }}"
    assert put("{{ bos_token }}{{ messages | tojson }}", [], special_tokens(tmp_path)) == "<s>[]"
    for hostile in (
        "{{ messages.__class__.__mro__ }}{{ ''.__class__.__mro__[1].__subclasses__()[0] }}",
        "{{ 1 / 0 }}",
        "{%",
    ):
        with pytest.raises(ModelError, match="chat template fails"):
            put(hostile, [], {})


def test_llama_cpps_completion_streams_what_it_is_as_a_whole(program: httpx.Client) -> None:
    asked = {"prompt": TEXT, "n_predict": 7, "seed": 5, "n_probs": 3, "return_tokens": True, "cache_prompt": True}

    whole = program.post("/completion", json=asked).json()
    with program.stream("POST", "/completion", json=asked | {"stream": True}) as response:
        chunks = [
            json.loads(line.removeprefix("data: ")) for line in response.iter_lines() if line.startswith("data: ")
        ]

    assert "".join(chunk["content"] for chunk in chunks) == whole["content"]
    assert [token for chunk in chunks for token in chunk["tokens"]] == whole["tokens"]
    assert (chunks[-1]["stop"], chunks[-1]["stop_type"], whole["tokens_predicted"]) == (True, "limit", 7)
    first = whole["completion_probabilities"][0]
    assert len(first["top_logprobs"]) == len(first["probs"]) == 3
    assert first["probs"][0]["prob"] == pytest.approx(math.exp(first["top_logprobs"][0]["logprob"]))


def test_llama_cpps_tokens_go_there_and_back(program: httpx.Client) -> None:
    tokens = program.post("/tokenize", json={"content": "The ferry 🙂"}).json()["tokens"]

    assert program.post("/detokenize", json={"tokens": tokens}).json() == {"content": "The ferry 🙂"}
    pieces = program.post("/tokenize", json={"content": "The ferry", "with_pieces": True}).json()["tokens"]
    assert "".join(piece["piece"] for piece in pieces) == "The ferry"
    assert program.post("/completion", json={"prompt": ["The ferry", *tokens], "n_predict": 1}).is_success


def test_llama_cpps_settings_and_errors(program: httpx.Client, running: Running) -> None:
    the = program.post("/tokenize", json={"content": " the"}).json()["tokens"][0]
    biased = {"prompt": TEXT, "n_predict": 2, "temperature": 0, "logit_bias": [[the, 1000]], "stop": ["."]}
    assert program.post("/completion", json=biased).json()["content"] == " the the"
    banned = program.post("/completion", json={**biased, "logit_bias": {str(the): False}}).json()
    assert " the" not in banned["content"]
    for wrong in ([["x", 1]], [[the]], [[the, "much"]]):
        answer = program.post("/completion", json={**biased, "logit_bias": wrong})
        assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert program.post("/completion", json={"prompt": ""}).status_code == 400
    assert program.post("/detokenize", json={"tokens": [10**8]}).status_code == 400
    assert program.get("/health").json() == {"status": "ok"}
    assert program.get("/props").json()["default_generation_settings"]["n_ctx"] == 1024
    assert httpx.post(f"{running.address}/completion", json=biased).status_code == 401
    assert httpx.get(f"{running.address}/props").status_code == 401
