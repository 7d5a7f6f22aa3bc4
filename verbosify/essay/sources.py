"""Lists of sources and notes, which are not prose: their headings and entries, told by their words. Knows no format."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from verbosify.essay.blocks import Block

_LONGEST_HEADING = 100  # characters

# Without accents and in small letters, as `_words` leaves them.
_ENGLISH = (
    r"(?:list of |cited |full |complete |selected )?references?(?: list| page| section| cited| used)?"
    r"|(?:(?:annotated|select|selected|short|working|full|my|cited|general) )?bibliograph(?:y|ies)(?: page)?"
    r"|(?:list of |selected |primary |secondary |data |image |picture |photo |online |web |internet |printed? |other "
    r"|main |my |all |information )?sources?(?: list| page| cited| used| consulted| of information)?"
    r"|(?:list of |annotated |my )?works? (?:cited|consulted|referenced|used|quoted)(?: list| page)?"
    r"|(?:list of )?citations?(?: list| page)?"
    r"|literature(?: cited| list| consulted)?|(?:end ?|foot ?)?notes?"
    r"|(?:further|suggested|additional|recommended) readings?(?: list)?"
    r"|(?:web ?sites?|links?) (?:cited|used|consulted|visited)|(?:webo?|sito)graphy|web links?"
)
_GERMAN = (
    r"(?:primar|sekundar|weiterfuhrende |verwendete |zitierte )?"
    r"literatur(?:verzeichnis|liste|angaben?|nachweise?|hinweise?)?"
    r"|(?:bild|internet|online|primar|sekundar)?quellen?(?:verzeichnis|angaben?|nachweise?|liste)?"
    r"|(?:bild|abbildungs|einzel)?nachweise?|fussnoten?|endnoten?|anmerkung(?:en)?|referenz(?:en)?|bibliographie"
)
_ROMANCE = (
    r"bibliogra(?:phie|fie|fia)s?(?: (?:consultad|citad|utilizad|recomendad|consultat|citat)a| basica| general)?"
    r"|(?:sito|web)gra(?:phie|fia)|references? bibliographiques?"
    r"|ouvrages? (?:cites?|consultes?)"
    r"|(?:oe|œ)uvres? citees?|notes? de (?:bas de page|fin)|sources? (?:citees?|consultees?|utilisees?)"
    r"|referencias?(?: bibliograficas?)?|(?:fuentes?|fontes?)(?: de informacion)?"
    r"|(?:fuentes?|fontes?|obras?) (?:consultad|citad)[ao]s?|citas?"
    r"|notas?(?: al pie| finales| finais| de rodape)?|riferimenti(?: bibliografici)?|font[ei](?: citate| consultate)?"
    r"|opere (?:citate|consultate)|note (?:a pie di pagina|finali)"
)
_OTHER = (
    r"referenties?|bronnen(?:lijst)?|bron(?:vermelding)?(?:en)?|literatuur(?:lijst|opgave)?|voetnoten?|eindnoten?|noten"
    r"|(?:список )?(?:использованнои |использованных )?(?:литератур[аы]|источник(?:и|ов))(?: и литературы)?"
    r"|библиографи[яи]|примечани[яе]|сноски|ссылки|βιβλιογραφια|αναφορες|πηγες|σημειωσεις|παραπομπες"
    r"|(?:قائمة )?(?:المراجع|المصادر)|الهوامش|सन्दर्भ|संदर्भ|स्रोत|ग्रंथसूची"
    r"|参考(?:文献|资料|資料|书目|書目|書籍)|引用(?:文献)?|文献|书目|書目|注释|注釋|注|註|脚注|尾注|出典|(?:资料)?来源|(?:資料)?來源"
)
_NUMBERING = re.compile(
    r"\A[\W_]*(?:(?:appendix|chapter|section|part|anhang|kapitel|teil|annexe|anexo)\s+)?"
    r"(?:\d+(?:\.\d+)*\s*[.:)\]–-]*\s+|(?:[ivx]+|[a-z])\s*[.:)–-]+\s+)",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\s*\d{1,2}[.)][ \t]+\S[^\r\n]*\s*\Z")
_STYLE = r"(?: (?:in )?(?:apa|mla|chicago|harvard|ieee|vancouver|turabian)(?: \d+)?(?: style| format)?)?"
_KINDS = (  # of sources, by which a list is often divided
    r"(?:(?:e ?)?books?|(?:journal |newspaper |magazine |online )?articles?|(?:academic )?journals?|web ?sites?"
    r"|web ?pages?|internet|online|web|print|films?|videos?|interviews?|images?|pictures?|newspapers?"
    r"|bucher|artikel|zeitschriften|livres?|libros|paginas web|sites? web)(?: sources?)?"
)
_LABEL = re.compile(
    r"\W*(?:(?P<list>references|works? cited|bibliography|literaturverzeichnis|quellenverzeichnis|bibliographie"
    r"|bibliografía|referencias|références|参考文献|参考資料)"
    r"|reference|citations?|sources?|quellen?|literatur|fuentes?|fonti?|fontes?|bron(?:nen)?|出典|来源|источники?)"
    r"[\s*_]*[:：][\s*_]*(?P<after>[^\s,.:]+)",
    re.IGNORECASE,
)
_MARK = re.compile(
    r"\s*(?:\[\d{1,4}[a-z]?(?:[.:]\d+)?\](?!\()"  # [1]
    r"|\[\^[^\]\s]+\]:"  # [^1]:
    r"|\[(?:[a-z]|[ivx]+|\*+|†|‡|[^\W\d_]{1,12}\+?['’]?\d{2,4}[a-z]?)\](?=:|\s|$)"  # [a] [iv] [*] [Adl99]
    r"|\[[^\]\n]{1,80}\]:(?=\s)"  # [name]: https://...
    r"|[⁰¹²³⁴-⁹]+(?=\W*[^\W\d_]))"  # a raised number
    r"[\s.:]*(?P<after>[^\s,.:]*)"
)
_SMALL_NAMES = re.compile(  # with which an entry may begin
    r"(?:d[eiua]|des|d|l[ae]|les|l|van|vo[nm]|zur?|de[rnl]|dal|della|t[ea]n|dos|das|al|el|i?bn|bint?|abu"
    r"|https?|www|doi|arxiv|ibid|cf|see|vgl|siehe|ebd)(?:$|['’/])"
)


def is_sources_heading(text: str) -> bool:
    """Whether these words, a heading or a paragraph of their own, open a list of sources or notes.

    Singular or plural, with a colon or a number, in any case and spacing, in the languages that essays are split in.
    """
    return len(text) <= _LONGEST_HEADING and _HEADING.fullmatch(_words(_NUMBERING.sub("", text, count=1))) is not None


def is_source(text: str) -> bool:
    """Whether a paragraph reads as an entry of such a list wherever it stands.

    It begins with a mark such as `[1]`, whatever the spacing, or with the list's name and a colon (`Source: ...`).
    What goes on in small letters is a sentence: `[1] shows that...`
    """
    found = _MARK.match(text) or _LABEL.match(text)
    if found is None:
        return False
    after = found["after"]
    return not after[:1].islower() or _SMALL_NAMES.match(after) is not None


def opens_sources(text: str) -> bool:
    """Whether a paragraph is the name of such a list, a colon and its first entry."""
    label = _LABEL.match(text)
    return label is not None and label["list"] is not None and is_source(text)


def without_sources(text: str, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """`blocks` with the paragraphs that are lists of sources made verbatim, and those that head one made headings.

    Such a list is everything under a heading such as References or Notes, until a heading as high or higher, and every
    paragraph that reads as an entry. An essay may itself be called Notes: a heading opens a list only after some prose,
    or before an entry.
    """
    words = [text[block.start : block.end] for block in blocks]
    entries = [block.kind == "paragraph" and is_source(said) for block, said in zip(blocks, words, strict=True)]
    if all(entry for entry, block in zip(entries, blocks, strict=True) if block.kind == "paragraph"):
        entries = [False] * len(blocks)  # an essay whose paragraphs are numbered
    result: list[Block] = []
    section = 0  # level of the heading whose sources we are in, 0 for none
    level = 1  # of the last heading
    prose = False
    for number, (block, said) in enumerate(zip(blocks, words, strict=True)):
        if block.kind == "verbatim":
            if prose and _NUMBERED.match(said) and is_sources_heading(said):  # 5. Sources
                section = section or level
            result.append(block)
            continue
        may_open = prose or any(entries[number + 1 : number + 2])
        opens = may_open and is_sources_heading(said)
        if block.kind == "paragraph" and opens:
            block = replace(block, kind="heading", level=level)  # noqa: PLW2901
        if block.kind == "heading":
            level = block.level
            if opens:
                section = min(level, section or level)
            elif level <= section and not _DIVISION.fullmatch(_words(said)):
                section = 0
        else:
            if not section and entries[number] and opens_sources(said):
                section = level
            if section or entries[number]:
                block = replace(block, kind="verbatim")  # noqa: PLW2901
            prose = prose or block.kind == "paragraph"
        result.append(block)
    return tuple(result)


def _unaccented(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if unicodedata.category(character)[0] != "M")


def _words(text: str) -> str:
    """`text` in small letters without accents and punctuation, with single spaces."""
    return " ".join(re.sub(r"[\W_]", lambda mark: "" if mark[0] in "()[]'’*_`" else " ", _unaccented(text)).split())


_NAMES = _unaccented("|".join((_ENGLISH, _GERMAN, _ROMANCE, _OTHER)))
_HEADING = re.compile(rf"(?:{_NAMES})(?: (?:(?:and|und|et|y|e|en|и|و) )?(?:{_NAMES}))*{_STYLE}")
_DIVISION = re.compile(rf"{_KINDS}(?: (?:and |und |et |y )?{_KINDS})*")
