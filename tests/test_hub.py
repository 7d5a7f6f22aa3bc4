"""Models of the hub: fetched by their commit, verified, found again offline; and what is told where that fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.hub_server import COMMIT, Hub, serving_hub
from tests.tiny_models import write_architecture, write_llama
from verbosify.errors import ModelError
from verbosify.models.loading import load_model
from verbosify.models.store.catalog import get_model, model_name
from verbosify.models.store.hub import HubName, hub_name
from verbosify.models.store.provenance import read_provenance

TEXT = "The ferry leaves the stone pier."


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_architecture(tmp_path_factory.mktemp("models") / "tiny", "gpt_neo")


@pytest.fixture
def hub(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with the tiny model, an empty folder of checkpoints, and an empty current folder."""
    monkeypatch.setenv("VERBOSIFY_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.chdir(tmp_path)
    with serving_hub() as hub:
        hub.take(tiny)
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def refused(name: str) -> str:
    with pytest.raises(ModelError) as error:
        load_model(name)
    message = str(error.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("EleutherAI/gpt-neo-1.3B", HubName("EleutherAI/gpt-neo-1.3B")),
        ("maker/tiny@v1.0", HubName("maker/tiny", "v1.0")),
        ("maker/tiny@refs/pr/1", HubName("maker/tiny", "refs/pr/1")),
        ("./maker/tiny", None),
        ("/maker/tiny", None),
        ("maker/tiny/more", None),
        ("maker", None),
        ("../tiny", None),
        (Path("maker/tiny"), None),
    ],
)
def test_a_name_of_the_hub_is_told_from_a_path(text: object, meant: HubName | None) -> None:
    assert hub_name(text) == meant


def test_a_model_is_fetched_by_its_commit_and_found_again_without_asking(hub: Hub, tiny: Path, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    hub.files |= {"evil.py": b"print()", "flax_model.msgpack": b"x"}

    model = load_model("maker/tiny", precision="fp32", progress=lambda *step: seen.append(step))

    assert (model.card.name, model.card.engine, model.card.licence) == ("maker/tiny", "universal", "mit")
    assert model.score(TEXT) == load_model(tiny, precision="fp32").score(TEXT)
    folder = tmp_path / "checkpoints" / "hub" / "maker--tiny" / COMMIT
    record = read_provenance(folder)
    assert record is not None
    assert (record.revision, record.source) == (COMMIT, f"{hub.url}/maker/tiny")
    assert not (folder / "evil.py").exists()
    assert any(label == "model.safetensors" and done > 0 for label, done, _ in seen)
    assert model_name("maker/tiny") == f"maker/tiny@{COMMIT}"
    hub.asked.clear()
    assert load_model("maker/tiny", precision="fp32").card == model.card
    assert load_model(f"maker/tiny@{COMMIT}").card.weights_sha256 == model.card.weights_sha256
    assert hub.asked == []


def test_what_is_here_serves_offline_and_what_is_not_is_told(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    load_model("maker/tiny")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    assert get_model("maker/tiny").name == COMMIT
    assert "maker/tiny@v2 is not in" in refused("maker/tiny@v2")


def test_llama_models_of_the_hub_go_to_the_fast_engine(hub: Hub, tmp_path: Path) -> None:
    hub.take(write_llama(tmp_path / "llama"))

    assert load_model("maker/tiny").card.engine == "torch"


def test_weights_in_several_files_are_read(hub: Hub, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    whole = write_architecture(tmp_path / "whole", "opt")
    model = AutoModelForCausalLM.from_pretrained(whole)
    (whole / "model.safetensors").rename(tmp_path / "model.safetensors")
    model.save_pretrained(whole, max_shard_size="60KB")
    assert len(list(whole.glob("model-*.safetensors"))) > 1
    hub.take(whole)

    loaded = load_model("maker/tiny", precision="fp32")

    for shard in whole.glob("model*"):
        shard.unlink()
    (tmp_path / "model.safetensors").rename(whole / "model.safetensors")
    assert loaded.score(TEXT) == load_model(whole, precision="fp32").score(TEXT)


def test_a_repository_with_nothing_but_a_pickle_is_read_as_data_after_saying_so(hub: Hub, tiny: Path) -> None:
    from transformers import AutoModelForCausalLM

    del hub.files["model.safetensors"]
    pickled = Path("pytorch_model.bin")
    torch.save(AutoModelForCausalLM.from_pretrained(tiny).state_dict(), pickled)
    hub.files[pickled.name] = pickled.read_bytes()
    notices: list[str] = []

    model = load_model("maker/tiny", precision="fp32", on_notice=notices.append)

    assert model.score(TEXT) == load_model(tiny, precision="fp32").score(TEXT)
    assert len(notices) == 1
    assert "pytorch_model.bin, a pickle: it is read as data alone" in notices[0]


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the hub's library write what has arrived by 1,000 bytes, rather than by 10 MB."""
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1000)


@pytest.mark.usefixtures("small_pieces")
def test_a_fetch_that_was_cut_goes_on(hub: Hub) -> None:
    hub.cut_after = [15_000, 5_000]

    assert get_model("maker/tiny").name == COMMIT
    assert hub.begun == [0, 15_000, 20_000]


def test_a_fetch_that_broke_off_keeps_the_files_that_have_arrived(hub: Hub) -> None:
    class Unplugged(BaseException):
        """As Ctrl-C, or the end of the process."""

    def unplug(label: str, _done: int, _total: int | None) -> None:
        if label == "model.safetensors":
            raise Unplugged

    with pytest.raises(Unplugged):
        get_model("maker/tiny", progress=unplug)
    hub.asked.clear()

    assert load_model("maker/tiny", precision="fp32").score(TEXT)

    fetched = {asked.rpartition("/")[2] for asked in hub.asked if "/resolve/" in asked}
    assert fetched == {"model.safetensors"}


def test_files_that_are_not_as_announced_are_refused(hub: Hub) -> None:
    hub.announced["model.safetensors"] = bytes(len(hub.files["model.safetensors"]))

    assert "model.safetensors of maker/tiny is not the file that the hub announces" in refused("maker/tiny")


def test_damaged_files_are_mended(hub: Hub) -> None:
    folder = get_model("maker/tiny")
    (folder / "tokenizer.json").write_text("{}")

    assert get_model("maker/tiny") == folder
    assert (folder / "tokenizer.json").read_bytes() == hub.files["tokenizer.json"]


def test_a_gated_model_is_told_with_what_to_do(hub: Hub) -> None:
    hub.gated = True

    message = refused("maker/tiny")

    assert message == (
        f"maker/tiny is gated: accept its terms at {hub.url}/maker/tiny, then log in here with `hf auth login`."
    )


def test_a_wrong_revision_is_told(hub: Hub) -> None:
    assert refused("maker/tiny@nowhere").startswith("maker/tiny has no revision 'nowhere': name a branch")


def test_an_unknown_name_is_told(hub: Hub) -> None:
    assert refused("maker/other").startswith("There is no folder 'maker/other' here and no model of that name at ")


def test_a_hub_that_cannot_be_reached_is_told(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")

    assert "maker/tiny is not on this computer, and http://127.0.0.1:9 could not be reached" in refused("maker/tiny")


def test_a_path_into_a_folder_that_is_here_is_never_asked_of_the_hub(hub: Hub) -> None:
    Path("checkpoint").mkdir()

    assert refused("checkpoint/run1").startswith("There is no model and no folder 'checkpoint/run1'")
    assert hub.asked == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model_type": "novel", "auto_map": {"AutoConfig": "novel.Novel"}}, "never runs code that comes with a model"),
        ({"model_type": "novel"}, "does not know: update transformers"),
        (
            {"model_type": "bert", "architectures": ["BertForMaskedLM"], "intermediate_size": 64},
            "not a causal language model",
        ),
        ({"model_type": "t5"}, "not a causal language model"),
        ({"quantization_config": {"bits": 4}}, "quantised weights, which cannot be trained"),
        ({"hidden_size": 64}, "fetch the model again"),
    ],
)
def test_what_cannot_be_used_is_told_why(hub: Hub, changes: dict[str, object], words: str) -> None:
    hub.files["config.json"] = json.dumps(json.loads(hub.files["config.json"]) | changes).encode()

    assert words in refused("maker/tiny")


def test_a_model_too_large_for_the_memory_is_told(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verbosify.models.universal.building._memory", lambda device: 1000)

    assert "take a smaller model" in refused("maker/tiny")
