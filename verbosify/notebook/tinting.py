"""Tables of tokens as tinted text: the darker, the likelier; the number on hover and on focus. Knows no model.

Tints are of one hue and grow darker, so that they are read in grey as well; black ink stays readable on all of them.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from IPython.display import HTML

_STYLE = """<style>
.vb-tokens { font: 16px/2.1 Georgia, serif; max-width: 46em; white-space: pre-wrap; overflow-wrap: anywhere; }
.vb-tokens span { position: relative; color: #111; border-radius: 2px; padding: 2px 0; border-bottom: 1px solid #888; }
.vb-tokens span:hover::after, .vb-tokens span:focus::after {
  content: attr(data-tip); position: absolute; z-index: 9; left: 0; top: 1.9em; padding: 2px 8px; white-space: nowrap;
  font: 13px/1.5 system-ui, sans-serif; color: #fff; background: #222; border-radius: 3px; }
.vb-tokens span:focus { outline: 3px solid #1976d2; }
.vb-twins { display: grid; grid-template-columns: repeat(auto-fit, minmax(20em, 1fr)); gap: 8px 32px; }
.vb-twins h4, .vb-scale { margin: 0 0 4px; font: 600 14px/1.5 system-ui, sans-serif; }
.vb-scale { font-weight: 400; }
</style>"""
_LIGHT, _DARK = (255, 255, 255), (240, 150, 40)  # black on the darker keeps a contrast of 9 to 1


def tinted(frame: pd.DataFrame) -> HTML:
    """Text with each token tinted by its probability, from a `tokens_frame`."""
    tokens = [
        _token(row["token"], row["probability"], _told(row["probability"], row["rank"])) for _, row in frame.iterrows()
    ]
    return _page(_SCALE + _text(tokens))


def entropy_view(frame: pd.DataFrame) -> HTML:
    """Text with each token tinted by how undecided the model was there, from a `tokens_frame`."""
    most = max(frame["entropy"].max(), 1e-9)
    tokens = [
        _token(row["token"], None if _empty(row["entropy"]) else row["entropy"] / most, _nats(row["entropy"]))
        for _, row in frame.iterrows()
    ]
    scale = f'<p class="vb-scale">White: the model was sure. Dark: it was undecided, up to {most:.1f} nats.</p>'
    return _page(scale + _text(tokens))


def side_by_side(frame: pd.DataFrame) -> HTML:
    """Base and overfitted model beside each other, from an `overfit_frame`; words made ten times likelier are bold."""
    columns = []
    for name, title in (("base", "The fresh base"), ("overfit", "After overfitting")):
        tokens = [
            _token(
                row["token"],
                row[name],
                _change(row),
                strong=name == "overfit" and not _empty(row["gain"]) and row["gain"] > 2.3,
            )
            for _, row in frame.iterrows()
        ]
        columns.append(f"<section><h4>{title}: mean probability {frame[name].mean():.2f}</h4>{_text(tokens)}</section>")
    bold = '<p class="vb-scale">Bold: at least ten times likelier than before.</p>'
    return _page(_SCALE + bold + f'<div class="vb-twins">{"".join(columns)}</div>')


_SCALE = '<p class="vb-scale">White: the model did not expect it. Dark: it did. Hover or press Tab for the number.</p>'


def _token(text: str, share: Any, tip: str, *, strong: bool = False) -> str:
    level = 0.0 if _empty(share) else min(max(float(share), 0.0), 1.0) ** 0.5  # the eye tells small shares apart better
    colour = ",".join(str(round(light + (dark - light) * level)) for light, dark in zip(_LIGHT, _DARK, strict=True))
    shown = escape(text).replace("\n", "⏎\n")
    shown = f"<b>{shown}</b>" if strong else shown
    said = escape(f"{text.strip() or 'white space'}: {tip}")
    style = f"background:rgb({colour})"
    return f'<span tabindex="0" style="{style}" data-tip="{escape(tip)}" aria-label="{said}">{shown}</span>'


def _told(probability: Any, rank: Any) -> str:
    return "the first token" if _empty(probability) else f"{probability:.1%}, rank {rank:,}"


def _nats(entropy: Any) -> str:
    return "the first token" if _empty(entropy) else f"entropy {entropy:.2f} nats"


def _change(row: pd.Series) -> str:
    if _empty(row["base"]):
        return "the first token"
    return f"{row['base']:.1%} → {row['overfit']:.1%}, rank {row['base_rank']:,} → {row['overfit_rank']:,}"


def _empty(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))


def _text(tokens: list[str]) -> str:
    return f'<p class="vb-tokens">{"".join(tokens)}</p>'


def _page(body: str) -> HTML:
    from IPython.display import HTML

    return HTML(_STYLE + body)  # type: ignore[no-untyped-call]
