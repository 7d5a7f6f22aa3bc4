"""Scripts and style sheets of the desk, for its page and for its widget, joined from the files of `static` and `web`.

Knows no server and no notebook.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path

from verbosify.web import FONTS, WEB, as_module, as_script, as_style

STATIC = Path(__file__).parent / "static"
"""Modules, style sheets and templates."""
_DARK = re.compile(r"@media \(prefers-color-scheme: dark\) \{\s*:root \{(.*?)\}\s*\}", re.DOTALL)
_LIGHT = re.compile(r":root \{(.*?)\}", re.DOTALL)
_FACES = re.compile(r'url\("fonts/([\w-]+\.woff2)"\)')


def script() -> str:
    """The page's script."""
    return as_script(STATIC / "page.js")


def style() -> str:
    """The style sheet of the page."""
    return as_style([WEB / "css" / "faces.css"]) + _colours() + as_style(sorted(STATIC.glob("*.css")))


def widget_style() -> str:
    """The same for a notebook, with the typefaces in it, and dark where JupyterLab is."""
    return _FACES.sub(_inlined, style())


def module() -> str:
    """The module that anywidget takes."""
    return as_module(STATIC / "widget.js")


def _colours() -> str:
    """The tokens of `web`, for the desk alone, by day or by night as the writer or else the system says."""
    tokens = (WEB / "css" / "tokens.css").read_text("utf-8")
    dark = _DARK.search(tokens)
    light = _LIGHT.search(tokens)
    if dark is None or light is None:
        raise ValueError("web/css/tokens.css has no colours by day and by night, as the desk expects.")
    by_night = f"{dark[1]}  color-scheme: dark;"
    return (
        f"\n.desk {{{light[1]}  color-scheme: light;\n}}\n"
        f"@media (prefers-color-scheme: dark) {{ .desk:not([data-theme]) {{{by_night}\n}} }}\n"
        f'.desk[data-theme="dark"] {{{by_night}\n}}\n'
    )


def _inlined(match: re.Match[str]) -> str:
    return f'url("data:font/woff2;base64,{base64.b64encode((FONTS / match[1]).read_bytes()).decode()}")'
