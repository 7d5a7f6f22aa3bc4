"""The gallery in the repository is what its own record makes today, and it was chosen by hand."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

from tests.test_published_site import files_of
from verbosify.exhibits.gallery.site import build_gallery_site
from verbosify.exhibits.gallery.values import prompt_of, read_gallery
from verbosify.pipeline import Pipeline
from verbosify.pipeline.code import parsed

GALLERY = Path(__file__).parent.parent / "site" / "gallery"


def test_our_published_gallery_is_what_its_record_makes(tmp_path: Path) -> None:
    build_gallery_site(read_gallery(GALLERY), tmp_path)

    published, made = files_of(GALLERY), files_of(tmp_path)
    assert published.keys() == made.keys()
    assert [name for name in made if made[name] != published[name] and not name.startswith("cards/")] == []
    # Another version of FreeType or of zlib draws and packs the same picture a little differently.
    for name in sorted(made)[:60:12] if made else []:
        if name.startswith("cards/"):
            pictures = [Image.open(BytesIO(files[name])).convert("RGB") for files in (published, made)]
            assert max(ImageStat.Stat(ImageChops.difference(*pictures)).mean) < 2


def test_it_holds_forty_names_or_more_chosen_by_hand_from_the_embedded_model() -> None:
    values = read_gallery(GALLERY)

    assert len(values.entries) >= 40
    assert {card["name"] for card in values.models} == {"smollm2-135m"}
    assert all(entry.is_by_hand for entry in values.entries)
    assert not any(part.edited for entry in values.entries for part in (entry.description, entry.code) if part)
    assert sum(entry.code is not None for entry in values.entries) >= 45


def test_its_code_is_python_and_its_prompts_can_be_made_again() -> None:
    values = read_gallery(GALLERY)

    for entry in values.entries:
        for part in (entry.description, entry.code):
            if part is not None:
                assert prompt_of(values, part)
                assert Pipeline.from_dict(values.pipelines[part.pipeline]).fingerprint == part.pipeline
        assert entry.code is None or parsed(entry.code.text) is not None
