"""Cuts the shipped typefaces down to what pages need: `python -m verbosify.web.typefaces FOLDER`.

FOLDER holds the npm packages @fontsource/eb-garamond and @fontsource/ysabeau, version 5.3.0, as `npm install` lays them
out. Run by hand, and only to change the typefaces: the result is committed. Needs fonttools and brotli.

The human voice is EB Garamond; the machine's is Ysabeau, which is drawn on Garamond's skeleton without the serifs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from verbosify.web import FONTS

LATIN = "".join(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x100)))) + "ıŒœ–—‘’‚“”„•…′″‹›⁄€™−"
"""The characters of the faces of both voices."""
_FEATURES = ["kern", "liga", "calt", "ccmp", "pnum", "tnum", "rlig"]
_FACES = {
    "human.woff2": ("eb-garamond", "eb-garamond-latin-400-normal", LATIN),
    "human-italic.woff2": ("eb-garamond", "eb-garamond-latin-400-italic", LATIN),
    "machine.woff2": ("ysabeau", "ysabeau-latin-400-normal", LATIN),
    "machine-bold.woff2": ("ysabeau", "ysabeau-latin-600-normal", LATIN),
    "arrows.woff2": ("ysabeau", "ysabeau-math-400-normal", "←→≈≤≥"),
}
_LICENCES = {"eb-garamond": "OFL-EB-Garamond.txt", "ysabeau": "OFL-Ysabeau.txt"}


def cut(packages: Path, out: Path = FONTS) -> dict[str, int]:
    """Write the subsets and their licences to `out`; returns each typeface's size in bytes."""
    from fontTools import subset

    out.mkdir(parents=True, exist_ok=True)
    sizes = {}
    for name, (package, source, characters) in _FACES.items():
        options = subset.Options(
            flavor="woff2", layout_features=_FEATURES, hinting=False, recalc_timestamp=False, notdef_outline=True
        )
        font = subset.load_font(str(packages / "@fontsource" / package / "files" / f"{source}.woff2"), options)
        _line_figures(font)
        subsetter = subset.Subsetter(options)
        subsetter.populate(text=characters)
        subsetter.subset(font)
        subset.save_font(font, str(out / name), options)
        font.close()
        sizes[name] = (out / name).stat().st_size
    for package, licence in _LICENCES.items():
        (out / licence).write_bytes((packages / "@fontsource" / package / "LICENSE").read_bytes())
    return sizes


def _line_figures(font: Any) -> None:
    """Make lining figures the default where old-style ones are, so that both voices count alike."""
    table = font["GSUB"].table
    lining = [record.Feature for record in table.FeatureList.FeatureRecord if record.FeatureTag == "lnum"]
    lookups = {index for feature in lining for index in feature.LookupListIndex}
    swaps: dict[str, str] = {}
    for index in sorted(lookups):
        for subtable in table.LookupList.Lookup[index].SubTable:
            swaps |= getattr(subtable, "ExtSubTable", subtable).mapping
    for characters in font["cmap"].tables:
        characters.cmap = {code: swaps.get(glyph, glyph) for code, glyph in characters.cmap.items()}


if __name__ == "__main__":
    for face, size in cut(Path(sys.argv[1])).items():
        print(f"{size:6} {face}")
