"""The pages of a gallery as text: what each template is handed. Knows values, and no file and no server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from verbosify.exhibits.gallery.highlighting import highlighted
from verbosify.exhibits.gallery.names import given_name, really_exists
from verbosify.exhibits.gallery.values import EntryValues, GalleryValues, WordsValues
from verbosify.exhibits.rows import RULE
from verbosify.pipeline.template import in_one_line
from verbosify.web import PAGE_POLICY, as_script_data

if TYPE_CHECKING:
    from jinja2 import Environment

TITLE = "This model does not exist"


@dataclass(frozen=True)
class Links:
    """Where things are, seen from a page.

    Attributes:
        root: the way to the site's folder, `` or `../`; `/` where a server sends the pages.
        ending: of the pages' names.
        asset: where a style sheet, a script or an icon is.
    """

    root: str = ""
    ending: str = ".html"
    asset: Callable[[str], str] = field(default=lambda name: f"assets/{name}")

    @classmethod
    def in_files(cls, root: str) -> Links:
        """Of a page in a folder, from which `root` leads to the site's."""
        return cls(root, ".html", lambda name: f"{root}assets/{name}")

    @classmethod
    def of_server(cls, asset: Callable[[str], str]) -> Links:
        """Of a page that a server sends."""
        return cls("/", "", asset)

    @property
    def door(self) -> str:
        return f"{self.root}index.html" if self.ending else self.root

    @property
    def all(self) -> str:
        return f"{self.root}all{self.ending}"

    def file(self, name: str) -> str:
        return f"{self.root}{name}"

    def model(self, slug: str) -> str:
        return f"{self.root}model/{slug}{self.ending}"

    def card(self, slug: str) -> str:
        return f"{self.root}cards/{slug}.png"


@dataclass(frozen=True)
class GalleryPages:
    """A gallery with what all its pages share.

    Attributes:
        address: where it will be published, ending in a slash; empty if nobody knows.
        has_cards: there are pictures to show with links.
        asset: where a server has its files; None for pages in a folder.
    """

    values: GalleryValues
    address: str = ""
    has_cards: bool = True
    asset: Callable[[str], str] | None = None

    def entry_page(self, entry: EntryValues, *, root: str = "../", is_first: bool = False) -> bytes:
        """The page of one model; `is_first` is that at the door, which sends its visitors to any of them."""
        return render(
            "static_entry.html",
            **self._shared(root),
            **entry_facts(self.values, entry),
            is_first=is_first,
            following=self.after(entry),
            slugs=as_script_data([each.slug for each in self.values.entries]),
        )

    def live_page(self, entry: EntryValues | None) -> bytes:
        """The page of one model as a server sends it, with its title as the place for a name of one's own."""
        facts = {"entry": None} if entry is None else entry_facts(self.values, entry)
        return render("live_entry.html", **self._shared("/"), **facts)

    def problem_page(self, problem: Any) -> bytes:
        """What a server sends instead of a page."""
        return render("problem.html", **self._shared("/"), problem=problem)

    def all_page(self) -> bytes:
        """All names."""
        return render("all.html", **self._shared(""), entries=self.values.entries)

    def feed(self) -> bytes:
        """An Atom feed of all entries, the newest first."""
        entries = sorted(self.values.entries, key=lambda entry: entry.description.created, reverse=True)
        return render("feed.xml", **self._shared(""), entries=entries, ids={e.slug: id_of(e) for e in entries})

    def sitemap(self) -> bytes:
        """The addresses of all pages; only where they are known."""
        return render("sitemap.xml", **self._shared(""), entries=self.values.entries)

    def after(self, entry: EntryValues) -> EntryValues:
        """The entry after this one, as they are listed, and the first after the last."""
        entries = self.values.entries
        return entries[(entries.index(entry) + 1) % len(entries)]

    def model_of(self, entry: EntryValues) -> str:
        """The name of the real model that described it."""
        return str(self.values.models[entry.description.model]["name"])

    def _shared(self, root: str) -> dict[str, Any]:
        links = Links.in_files(root) if self.asset is None else Links.of_server(self.asset)
        return {
            "title": TITLE,
            "links": links,
            "published": replace(links, root=self.address) if self.address else None,
            "has_cards": self.has_cards,
            "policy": PAGE_POLICY if self.asset is None else "",
            "models": sorted({card["name"] for card in self.values.models}),
        }


def entry_facts(values: GalleryValues, entry: EntryValues) -> dict[str, Any]:
    """What a page says of an entry."""
    parts = [part for part in (entry.description, entry.code) if part is not None]
    return {
        "entry": entry,
        "code": [] if entry.code is None else highlighted(entry.code.text),
        "model": values.models[entry.description.model]["name"],
        "chosen": _chosen(parts),
        "facts": [(title, _facts(values, part)) for title, part in _titled(entry)],
        "real": really_exists(entry.name),
        "person": given_name(entry.name) if entry.origin == "visitor" else None,
    }


def _titled(entry: EntryValues) -> list[tuple[str, WordsValues]]:
    return [("Description", entry.description), *([("Code", entry.code)] if entry.code is not None else [])]


def _chosen(parts: Sequence[WordsValues]) -> str:
    """Who chose the words, for the end of a sentence: `chosen by hand by …`."""
    people = sorted({part.chooser for part in parts if part.chooser != RULE})
    if not people:
        return "the first that a rule let pass: nobody has chosen them"
    mixed = " (the description; nobody chose the code)" if any(part.chooser == RULE for part in parts) else ""
    edited = ", and changed by hand" if any(part.edited for part in parts) else ""
    return f"chosen by hand by {' and '.join(people)}{mixed}{edited}"


def _facts(values: GalleryValues, part: WordsValues) -> list[tuple[str, str]]:
    card, settings = values.models[part.model], part.settings
    told = {name: settings[name] for name in ("temperature", "top_k", "top_p", "min_p") if name in settings}
    facts = [
        ("model", f"{card['name']} ({card['weights_sha256'][:12]}…), {card['engine']}, {card['dtype']}"),
        ("pipeline", f"{values.pipelines[part.pipeline]['name']} {part.pipeline[:12]}…"),
        ("settings", ", ".join(f"{name.replace('_', '-')} {value:g}" for name, value in told.items())),
        ("seed", f"{settings.get('seed', '?')}, row {part.row}"),
        ("answers", f"{part.drawn} drawn, {part.passed} let pass by the rules, 1 shown"),
    ]
    if part.edited:
        facts.append(("as it was said", part.raw.strip()))
    return facts


def id_of(entry: EntryValues) -> str:
    """What identifies an entry wherever it is published."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'verbosify-gallery:{entry.slug}')}"


def render(template: str, **values: Any) -> bytes:
    return (_templates().get_template(template).render(**values).rstrip() + "\n").encode()


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("verbosify.exhibits.gallery"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["line"] = in_one_line
    return environment
