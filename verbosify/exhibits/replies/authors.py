"""Who seems to write the replies: made-up names and faces, the same for a reply for ever. Knows no reply.

A name follows from a hash, and a face from its name, so that neither needs to be stored to stay what it is; a name is
stored with its reply all the same, since the list of words may change.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection

# Things that are found in a pocket, a shed, a kitchen or the weather: none is anybody's name, and no two of them make a
# word that is another's.
_WORDS = tuple(
    """
    acorn almanac anvil apricot atlas awning badger ballast bamboo banjo barley basket beacon beetle biscuit bobbin
    bonnet bramble brine broth bucket burrow button cabbage candle canoe cardigan cello chalk chimney cinder clover
    cobalt comet compass copper cricket crumpet cushion damson dapple dewdrop dormouse drizzle dumpling ember fennel
    ferry fiddle flannel flicker fog gadget gable garlic ginger gravel gull hammock harbour hazel heron hinge hollow
    husk ivy jam juniper kettle lantern lattice lentil lichen linen lobster lupin magpie maple marrow meadow mitten
    moss mustard nettle nutmeg oat orchard otter paddle parsnip pebble pepper pickle pigeon pinecone plum pocket
    puddle quince radish raft ribbon rooster rumble saffron satchel sidecar sparrow spindle sprocket tangle teapot
    thimble thistle toast trellis tulip turnip twig velvet waffle walnut whistle willow wobble yonder zither
    """.split()  # noqa: SIM905  # a list a word a line would be a page
)
STYLES: tuple[Callable[[str, str, str], str], ...] = (
    lambda one, _two, _three: one,
    lambda one, two, _three: one + two,
    lambda one, two, _three: f"{one}_{two}",
    lambda one, two, three: f"{one}_{two}{three}",
)
"""One word, two together, two with a line between, three: each as often as the others."""

Refused = Callable[[str], bool]
"""Whether a name will not do."""


def name_of(key: str, taken: Collection[str] = (), refused: Refused = lambda _: False) -> str:
    """The name that belongs to `key`, other than those `taken`; the next that follows from it where one will not do."""
    for attempt in range(1000):
        numbers = hashlib.sha256(f"name {attempt} {key}".encode()).digest()
        one, two, three = (_WORDS[int.from_bytes(numbers[i : i + 4]) % len(_WORDS)] for i in (0, 4, 8))
        if len({one, two, three}) < 3:
            continue
        name = STYLES[numbers[12] % len(STYLES)](one, two, three)
        if name not in taken and not refused(name) and not refused(f"{one} {two} {three}"):
            return name
    return f"nobody{int.from_bytes(hashlib.sha256(key.encode()).digest()[:4])}"


def face_of(name: str) -> str:
    """The face that belongs to a name, as SVG: a creature on a coloured ground."""
    n = hashlib.sha256(f"face {name}".encode()).digest()
    hue, turn = n[0] * 360 // 256, 60 + n[1] % 200
    ground, skin = _colour(hue, 0.45, 0.82), _colour(hue + turn, 0.55, 0.62)
    dark = _colour(hue + turn, 0.5, 0.2)
    body = _BODIES[n[2] % len(_BODIES)].format(skin=skin)
    eyes = _EYES[n[3] % len(_EYES)].format(dark=dark, left=25 + n[4] % 3, right=39 - n[4] % 3, y=29 + n[5] % 5)
    mouth = _MOUTHS[n[6] % len(_MOUTHS)].format(dark=dark, y=43 + n[7] % 3)
    top = _TOPS[n[8] % len(_TOPS)].format(dark=dark, skin=skin)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" fill="{ground}"/>'
        f"{top}{body}{eyes}{mouth}</svg>"
    )


_BODIES = (
    '<circle cx="32" cy="38" r="20" fill="{skin}"/>',
    '<path d="M12 64V36a20 20 0 0 1 40 0v28z" fill="{skin}"/>',
    '<rect x="13" y="20" width="38" height="44" rx="9" fill="{skin}"/>',
    '<path d="M32 14 54 58q-22 10-44 0z" fill="{skin}"/>',
    '<ellipse cx="32" cy="40" rx="24" ry="18" fill="{skin}"/>',
)
_EYES = (
    '<g fill="{dark}"><circle cx="{left}" cy="{y}" r="3"/><circle cx="{right}" cy="{y}" r="3"/></g>',
    (
        '<path d="M{left} {y}h.1M{right} {y}h.1" stroke="#fff" stroke-width="10" stroke-linecap="round"/>'
        '<path d="M{left} {y}h.1M{right} {y}h.1" stroke="{dark}" stroke-width="4" stroke-linecap="round"/>'
    ),
    '<circle cx="32" cy="{y}" r="8" fill="#fff"/><circle cx="33" cy="{y}" r="3" fill="{dark}"/>',
    '<path d="M{left} {y}h-5M{right} {y}h5" stroke="{dark}" stroke-width="2" stroke-linecap="round"/>',
    '<path d="M20 {y}h9v5h-9zM35 {y}h9v5h-9zM28 {y}h8v1h-8z" fill="{dark}"/>',
)
_MOUTHS = (
    '<path d="M26 {y}q6 6 12 0" fill="none" stroke="{dark}" stroke-width="2" stroke-linecap="round"/>',
    '<path d="M27 {y}h10" stroke="{dark}" stroke-width="2" stroke-linecap="round"/>',
    '<circle cx="32" cy="{y}" r="3" fill="{dark}"/>',
    '<path d="M26 {y}h12q-1 7-6 7t-6-7z" fill="{dark}"/>',
    '<path d="M27 {y}q3-4 5 0t5 0" fill="none" stroke="{dark}" stroke-width="2" stroke-linecap="round"/>',
)
_TOPS = (
    "",
    (
        '<path d="M25 22 20 8M39 22 44 8" stroke="{dark}" stroke-width="2"/>'
        '<path d="M20 8h.1M44 8h.1" stroke="{skin}" stroke-width="6" stroke-linecap="round"/>'
    ),
    '<path d="M15 28 14 9l14 11zM49 28 50 9 36 20z" fill="{skin}"/>',
    '<path d="M24 21q8-16 16 0z" fill="{dark}"/>',
    '<path d="M32 22V9m0 0q7-5 8 1-4 3-8-1z" fill="{dark}" stroke="{dark}" stroke-width="1.5"/>',
)


def _colour(hue: float, saturation: float, lightness: float) -> str:
    """A colour of a hue in degrees, as six digits."""
    import colorsys

    rgb = colorsys.hls_to_rgb(hue % 360 / 360, lightness, saturation)
    return "#" + "".join(f"{round(part * 255):02x}" for part in rgb)


def is_name(text: str) -> bool:
    """Whether that may be a name of ours."""
    return re.fullmatch("[a-z0-9_]{1,60}", text) is not None
