"""The whole job: an essay goes in, a record and longer essays come out, and all that is told of them is so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from docx import Document

from tests.speaking_model import ESSAY, PASSAGES
from tests.tiny_models import write_gpt2
from verbosify.errors import EssayError, PieceError, SettingsError
from verbosify.essay.passages import essay_sentences
from verbosify.essay.reading import Essay, essay_from_text, read_essay
from verbosify.essay.writing import write_essay
from verbosify.measures import Measures
from verbosify.measures.copying import longest_copied_run
from verbosify.models.loading import load_model
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import SamplingSettings
from verbosify.notebook.exporting import words_so_far
from verbosify.piece import BUILT_IN, Pick, Piece, export_piece, import_piece, read_export
from verbosify.site.building import site_files
from verbosify.site.record import Record
from verbosify.words import plain_words, word_texts
from verbosify.workflow import Options, Progress, Summary, verbosify
from verbosify.workflow.outputs import write_reading
from verbosify.workflow.visit import Embed

READINGS = ("fluffy", "strange")


@pytest.fixture(scope="module")
def model(speaking_model: Path) -> LanguageModel:
    return load_model(speaking_model)


@pytest.fixture(scope="module")
def options(speaking_model: Path) -> Options:
    return Options(model=str(speaking_model), settings=SamplingSettings(n=6, length=40), most_samples=12)


@pytest.fixture(scope="module")
def told() -> list[Progress]:
    """What the run of `done` told while it went on."""
    return []


@pytest.fixture(scope="module")
def done(
    tmp_path_factory: pytest.TempPathFactory,
    model: LanguageModel,
    embed: Embed,
    options: Options,
    told: list[Progress],
) -> Summary:
    """A finished run; its piece lies in the folder of its outputs."""
    out = tmp_path_factory.mktemp("done") / "piece"
    return verbosify(quay(), out, options, model=model, embed=embed, on_progress=told.append)


@pytest.fixture
def piece(done: Summary) -> Iterator[Piece]:
    with Piece.open(done.outputs[0].parent) as opened:
        yield opened


@pytest.fixture
def copy(done: Summary, tmp_path: Path) -> Iterator[Piece]:
    """The finished piece once more, to go on with."""
    with import_piece(read_export(done.outputs[0]), tmp_path / "copy") as opened:
        yield opened


def quay() -> Essay:
    return essay_from_text(ESSAY, "quay.md")


def steady(summary: Summary) -> Summary:
    return replace(summary, seconds=0, model_seconds=0, outputs=tuple(Path(path.name) for path in summary.outputs))


# What is told


def test_a_model_is_recorded_by_the_catalogues_name_and_gone_on_with_by_any(
    tmp_path: Path, model: LanguageModel, embed: Embed, options: Options
) -> None:
    for name in ("SmolLM2", "smollm2-135m", "smollm2_135m_instruct"):
        verbosify(quay(), tmp_path / "piece", replace(options, model=name), model=model, embed=embed, limit=1)

    with Piece.open(tmp_path / "piece") as piece:
        assert piece.job.options["model"] == "smollm2-135m"


def test_the_summary_tells_what_is_in_the_record(done: Summary, piece: Piece) -> None:
    picks = piece.picks("fluffy")

    assert done.title == "The quay at night"
    assert done.words_before == quay().words
    added = sum(plain_words(pick.text) for chosen in picks.values() for pick in chosen)
    assert done.words_after == done.words_before + added > done.words_before
    assert done.ratio == round(done.words_after / done.words_before, 3)
    assert (done.passages, done.gaps) == (PASSAGES, PASSAGES)
    assert done.samples == len(list(piece.samples()))
    assert done.picks == len(picks)
    assert 0 < done.model_seconds < done.seconds
    assert all(-1 <= (done.closeness[reading] or 0) <= 1 for reading in READINGS)


def test_the_target_is_met_or_said_not_to_be(done: Summary) -> None:
    assert done.target == 2.0
    assert done.target_met == (1.9 <= done.words_after / done.words_before <= 2.1)


def test_progress_is_told_after_every_portfolio(done: Summary, told: list[Progress], piece: Piece) -> None:
    overfitted = [batch for batch in piece.batches() if batch.overfit is not None]

    assert [progress.passage - 1 for progress in told] == list(dict.fromkeys(batch.passage for batch in overfitted))
    for progress in told:
        assert progress.passages == PASSAGES
        assert progress.loss_after < progress.loss_before
        assert progress.wanted == done.words_before
        assert progress.seconds_left >= 0
        assert progress.words >= 0
    assert 0 < told[-1].seconds_left < told[0].seconds_left
    assert told[-1].words > 0


def test_the_log_tells_when_it_was_begun_and_finished(done: Summary, piece: Piece) -> None:
    started, finished = piece.log()

    assert (started.event, started.detail) == ("started", {"passages": PASSAGES, "finished": 0})
    assert (finished.event, finished.detail["words_after"]) == ("finished", done.words_after)


# What is chosen


def test_what_is_chosen_is_fit_to_print(piece: Piece) -> None:
    for reading in READINGS:
        assert_fit_to_print(piece, reading)


def assert_fit_to_print(piece: Piece, reading: str) -> None:
    """Whole sentences that end, say nothing twice in the piece, copy no passage and come from an overfit on it."""
    passages = {passage.index: passage.text for passage in piece.passages()}
    overfitted = {batch.id: batch.passage for batch in piece.batches() if batch.overfit is not None}
    said = [words for text in passages.values() for words in [" ".join(word_texts(text))]]
    seen: set[str] = set()
    picks = piece.picks(reading)
    assert picks
    for gap, (pick,) in picks.items():
        sample = piece.sample(pick.sample)
        assert pick.text == sample.text[pick.start : pick.end]
        assert overfitted[sample.batch] == gap
        assert pick.text.rstrip("”\"')").endswith((".", "!", "?", "…"))
        assert "\n" not in pick.text
        assert longest_copied_run(word_texts(pick.text), word_texts(passages[gap]))[1] < 8
        assert Measures.from_dict(sample.measures).badges() != ("blank",)
        for sentence in essay_sentences(essay_from_text(pick.text))[0]:
            key = " ".join(word_texts(sentence.text))
            assert key not in seen
            assert not any(key in text for text in said)
            seen.add(key)


def test_the_choice_says_who_made_it_and_why(piece: Piece) -> None:
    for event in piece.history():
        assert (event.action, event.curator) == ("chosen", BUILT_IN)
        assert "candidates: worth keeping" in event.reason


def test_the_close_reading_is_closer_than_the_far_one(done: Summary) -> None:
    fluffy, strange = (done.closeness[reading] for reading in READINGS)

    assert fluffy is not None
    assert strange is not None
    assert fluffy > strange


def test_a_model_that_only_babbles_leaves_the_essay_as_it_is_and_the_target_unmet(embed: Embed, tmp_path: Path) -> None:
    babbling = load_model(write_gpt2(tmp_path / "model", context=512))
    options = Options(settings=SamplingSettings(n=2, length=20), most_samples=4)

    summary = verbosify(quay(), tmp_path / "piece", options, model=babbling, embed=embed)

    assert not summary.target_met
    assert (summary.words_after, summary.ratio, summary.picks) == (summary.words_before, 1.0, 0)
    assert summary.closeness == {"fluffy": None, "strange": None}
    assert summary.samples == 2 + 4 * PASSAGES
    woven = (tmp_path / "piece" / "quay-fluffy.md").read_text()
    assert woven.startswith(ESSAY.rstrip())
    assert "0 words of this text were written by the language model" in woven


def test_a_passage_too_long_for_the_model_is_skipped_and_counted(embed: Embed, tmp_path: Path) -> None:
    model = load_model(write_gpt2(tmp_path / "model", context=512))
    text = ESSAY.replace("## References", f"{'The quiet harbour waited, ' * 300}and nothing came.\n\n## References")
    options = Options(settings=SamplingSettings(n=2, length=20), most_samples=2)

    summary = verbosify(essay_from_text(text), tmp_path / "piece", options, model=model, embed=embed)

    assert (summary.skipped, summary.gaps, summary.passages) == (1, PASSAGES + 1, PASSAGES + 1)

    with Piece.open(tmp_path / "piece") as piece:  # as an earlier verbosify left it that was killed in between
        (entry,) = (entry for entry in piece.log() if entry.event == "passed over")
        piece.note("passed over", **entry.detail)
    again = verbosify(essay_from_text(text), tmp_path / "piece", options, model=model, embed=embed)
    assert again.skipped == 1


def test_a_piece_whose_essay_was_read_otherwise_goes_on_and_is_written_with_its_gaps_in_place(
    model: LanguageModel, embed: Embed, options: Options, tmp_path: Path
) -> None:
    few = replace(options, settings=SamplingSettings(n=2, length=30), most_samples=2)
    blocks = [replace(block, kind="paragraph") if block.kind == "verbatim" else block for block in quay().blocks]
    then = replace(quay(), blocks=tuple(blocks))  # an earlier reader took lists and quotations for prose
    summary = verbosify(then, tmp_path / "whole", few, model=model, embed=embed)
    assert summary.passages > PASSAGES
    verbosify(then, tmp_path / "piece", few, model=model, embed=embed, limit=1)

    again = verbosify(quay(), tmp_path / "piece", few, model=model, embed=embed)

    assert replace(steady(again), closeness={}) == replace(steady(summary), closeness={})
    with Piece.open(tmp_path / "whole") as whole, Piece.open(tmp_path / "piece") as piece:
        assert [row.text for row in piece.samples()] == [row.text for row in whole.samples()]
        quoted = next(row for row in piece.passages() if "forgets nothing" in row.text)
        sample = next(piece.samples(quoted.index))
        piece.pick("own", quoted.index, [Pick(sample.id, 0, 1, "It was told so.", edited=True)], curator="Ada")
        for path in write_reading(piece, "own", tmp_path):
            text = read_essay(path).text
            assert "forgets nothing. It was told so." in " ".join(text.split()), path
        assert words_so_far(piece)["before"] == summary.words_before
        page = site_files([Record.checked(export_piece(piece))])[PurePosixPath("own.txt")].decode()
        assert "forgets nothing. It was told so." in " ".join(page.split())


# What is written


def written(done: Summary, reading: str, suffix: str) -> Path:
    return next(path for path in done.outputs if path.name == f"quay-{reading}{suffix}")


def test_the_outputs_are_the_record_and_each_reading_in_every_format(done: Summary) -> None:
    names = [path.name for path in done.outputs]

    assert names == ["piece.json", *(f"quay-{r}{s}" for r in READINGS for s in (".md", ".txt", ".docx"))]
    assert all(path.stat().st_size for path in done.outputs)


def paragraphs(path: Path) -> list[str]:
    if path.suffix == ".docx":
        return [paragraph.text for paragraph in Document(str(path)).paragraphs]
    return path.read_text(encoding="utf-8").split("\n\n")


@pytest.mark.parametrize("suffix", [".md", ".txt", ".docx"])
@pytest.mark.parametrize("reading", READINGS)
def test_every_paragraph_is_unchanged_and_in_order_with_the_picks_after_their_passages(
    reading: str, suffix: str, done: Summary, piece: Piece, tmp_path: Path
) -> None:
    write_essay(quay(), {}, tmp_path / f"plain{suffix}")
    originals = [text.rstrip("\n") for text in paragraphs(tmp_path / f"plain{suffix}")]
    *woven, note = paragraphs(written(done, reading, suffix))
    assert len(woven) == len(originals)

    picks = piece.picks(reading)
    passages = piece.passages()
    rest = iter(sorted(picks))
    gap = next(rest, None)
    for text, original in zip(woven, originals, strict=True):
        bare = text
        while gap is not None and (pick := f" {picks[gap][0].text}") in bare:
            before, bare = bare[: bare.index(pick)], bare.replace(pick, "", 1)
            assert word_texts(before.replace("[1]", ""))[-3:] == word_texts(passages[gap].text)[-3:]
            gap = next(rest, None)
        assert bare == original
    assert gap is None, "every pick stands somewhere"
    added = sum(plain_words(pick.text) for (pick,) in picks.values())
    assert note.startswith(f"{added} words of this text were written by the language model speaking")
    assert f"reading: {reading}" in note


def test_the_words_after_are_those_of_the_essay_that_was_written(done: Summary) -> None:
    woven = read_essay(written(done, "fluffy", ".md"))
    note = next(text for text in paragraphs(written(done, "fluffy", ".md")) if "were written by the language" in text)

    in_sources = woven.text.index("## References") < woven.text.index(note)
    assert woven.words == done.words_after + (0 if in_sources else plain_words(note))


def test_the_export_holds_the_whole_record(done: Summary, piece: Piece, tmp_path: Path) -> None:
    with import_piece(read_export(done.outputs[0]), tmp_path / "copy") as copy:
        assert list(copy.samples()) == list(piece.samples())
        assert copy.picks("strange") == piece.picks("strange")


@pytest.mark.parametrize("suffix", [".txt", ".docx"])
def test_an_essay_of_another_format_is_worked_on_too(
    suffix: str, model: LanguageModel, embed: Embed, options: Options, tmp_path: Path
) -> None:
    path = tmp_path / f"quay{suffix}"
    write_essay(quay(), {}, path)
    originals = [text.strip() for text in paragraphs(path)]

    summary = verbosify(str(path), str(tmp_path / "piece"), options, model=model, embed=embed, limit=1)

    assert summary.picks == 1
    woven = paragraphs(tmp_path / "piece" / f"quay-fluffy{suffix}")
    untouched = [text for text in originals if not text.startswith("The ferry leaves")]
    assert [text.strip() for text in woven if text.strip() in originals] == untouched


# Going on


def test_a_finished_piece_stays_as_it_is(
    done: Summary, copy: Piece, model: LanguageModel, embed: Embed, options: Options
) -> None:
    before = (copy.history(), copy.batches(), copy.overfits())

    again = verbosify(quay(), copy.folder, options, model=model, embed=embed)

    assert (copy.history(), copy.batches(), copy.overfits()) == before
    assert steady(again) == steady(done)
    assert again.model_seconds == 0


def test_what_a_person_chose_is_left_as_it_is(
    copy: Piece, model: LanguageModel, embed: Embed, options: Options
) -> None:
    sample = next(sample for sample in copy.samples(1))
    chosen = Pick(sample.id, 0, len(sample.text), "Ada wrote this.", edited=True)
    copy.pick("fluffy", 1, [chosen], curator="Ada", action="edited")
    standing = copy.picks("fluffy")

    summary = verbosify(quay(), copy.folder, options, model=model, embed=embed)

    assert copy.picks("fluffy") == standing
    assert summary.words_after == summary.words_before + sum(plain_words(p.text) for (p,) in standing.values())
    assert summary.closeness["fluffy"] is None
    woven = (copy.folder / "quay-fluffy.md").read_text()
    assert "Ada wrote this." in woven
    assert "chosen by Ada" in woven
    assert "chosen by verbosify's built-in curator" in (copy.folder / "quay-strange.md").read_text()


def test_a_limit_visits_the_first_passages_and_the_target_shrinks(
    done: Summary, model: LanguageModel, embed: Embed, options: Options, tmp_path: Path
) -> None:
    part = verbosify(quay(), tmp_path, options, model=model, embed=embed, limit=2)

    assert (part.gaps, part.passages) == (2, PASSAGES)
    with Piece.open(tmp_path) as piece:
        assert {batch.passage for batch in piece.batches()} == {0, 1}
        assert set(piece.picks("fluffy")) <= {0, 1}
    assert part.words_after - part.words_before <= part.words_before * 2 / PASSAGES * 1.2

    whole = verbosify(quay(), tmp_path, options, model=model, embed=embed)
    assert steady(whole) == steady(done)

    less = verbosify(quay(), tmp_path, options, model=model, embed=embed, limit=1)
    assert steady(less) == steady(done), "what was visited before still counts"


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(limit: int, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=rf"^limit is {limit}: it must be at least 1\.$"):
        verbosify(quay(), tmp_path / "piece", limit=limit)
    assert not (tmp_path / "piece").exists()


def test_a_length_that_leaves_no_room_to_read_is_refused(model: LanguageModel, embed: Embed, tmp_path: Path) -> None:
    options = Options(settings=SamplingSettings(length=1024))

    with pytest.raises(
        SettingsError, match=r"^length is 1024: it must be below 1024, which is all that speaking reads"
    ):
        verbosify(quay(), tmp_path / "piece", options, model=model, embed=embed)
    assert not (tmp_path / "piece").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_whatever_interrupts_is_noted_and_leaves_the_model_fresh(
    error: type[BaseException], done: Summary, model: LanguageModel, embed: Embed, options: Options, tmp_path: Path
) -> None:
    before = model.score(ESSAY)

    def interrupt(_: Progress) -> None:
        raise error

    with pytest.raises(error):
        verbosify(quay(), tmp_path, options, model=model, embed=embed, on_progress=interrupt)

    assert model.score(ESSAY) == before
    with Piece.open(tmp_path) as piece:
        assert [entry.event for entry in piece.log()] == ["started", "interrupted"]
        assert piece.log()[1].detail == {"error": error.__name__}
    assert steady(verbosify(quay(), tmp_path, options, model=model, embed=embed)) == steady(done)


def test_a_corrected_split_makes_other_passages(
    model: LanguageModel, embed: Embed, options: Options, tmp_path: Path
) -> None:
    split = ESSAY.split("\n\n")
    lines = [split[1].replace("gulls. ", "gulls.\n"), split[3], split[5]]

    verbosify(quay(), tmp_path, options, model=model, embed=embed, sentences="\n\n".join(lines), limit=1)

    with Piece.open(tmp_path) as piece:
        assert [len(block["sentences"]) for block in piece.job.essay_blocks] == [0, 2, 0, 1, 0, 1, 0, 0]
        assert [passage.text.count(".") for passage in piece.passages()] == [4, 2, 3]


def test_an_empty_correction_is_no_correction(tmp_path: Path) -> None:
    with pytest.raises(EssayError, match="has another paragraph"):
        verbosify(quay(), tmp_path / "piece", sentences="")


def test_a_piece_made_otherwise_is_refused(copy: Piece, model: LanguageModel, embed: Embed, options: Options) -> None:
    other = replace(options, settings=replace(options.settings, top_k=80))

    with pytest.raises(PieceError, match=r"made with different settings \(settings.top_k was 30 and is 80\)"):
        verbosify(quay(), copy.folder, other, model=model, embed=embed)


def test_models_that_are_not_handed_over_are_loaded_by_their_names(
    done: Summary, options: Options, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tests.commands import CHECKPOINTS

    monkeypatch.setenv("VERBOSIFY_CHECKPOINTS", str(CHECKPOINTS))
    assert steady(verbosify(quay(), tmp_path, options)) == steady(done)


def test_the_same_seed_makes_the_same_piece_and_another_another(
    done: Summary, model: LanguageModel, embed: Embed, options: Options, tmp_path: Path
) -> None:
    def texts(folder: Path) -> list[Any]:
        rows = json.loads((folder / "piece.json").read_text())["samples"]
        return [row["text"] for row in rows][:12]

    for name, seed in (("same", 0), ("other", 1)):
        verbosify(quay(), tmp_path / name, replace(options, seed=seed), model=model, embed=embed, limit=1)

    assert texts(tmp_path / "same") == texts(done.outputs[0].parent)
    assert not set(texts(tmp_path / "other")) & set(texts(tmp_path / "same"))
