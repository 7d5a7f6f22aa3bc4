"""Write with overfitted language models: an essay in, a longer one out, and a page to read it on."""

from __future__ import annotations
