"""What our pages share: the DOM kit, tokens of colour and type, the typefaces, and what keeps them harmless.

Browser code is written as ES modules and shipped without a build step: `as_script` and `as_module` join a module with
what it imports. Each page's own modules lie in the room that makes the page; this room knows none of them.
"""

from pathlib import Path

from verbosify.web.joining import as_module, as_script, as_style
from verbosify.web.safety import PAGE_POLICY, as_script_data

WEB = Path(__file__).parent
"""The folder of what is shared: `js`, `css`, `fonts` and an icon."""
FONTS = WEB / "fonts"
"""The typefaces and their licences."""
SHEETS = tuple(WEB / "css" / f"{name}.css" for name in ("faces", "tokens", "base"))
"""The style sheets that our pages begin with."""

__all__ = ["FONTS", "PAGE_POLICY", "SHEETS", "WEB", "as_module", "as_script", "as_script_data", "as_style"]
