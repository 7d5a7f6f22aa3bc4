"""Which language a text is in, as far as splitting, joining and judging sentences needs to know. Knows nothing else."""

from __future__ import annotations

import re
from collections import Counter

UNKNOWN = "und"
"""The language code of a text that does not tell, or tells of a language outside `NAMES` (ISO 639-2: undetermined)."""

NAMES = {
    "ar": "Arabic", "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "fr": "French", "hi": "Hindi",
    "it": "Italian", "ja": "Japanese", "nl": "Dutch", "pt": "Portuguese", "ru": "Russian", "zh": "Chinese",
}  # fmt: skip
"""The languages that can be told, by their codes."""

_SAMPLE = 2000  # characters looked at in each place
_PLACES = 3
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = {
    "ja": re.compile("[\u3040-\u30ff]"),
    "zh": re.compile("[\u3400-\u9fff]"),
    "ru": re.compile("[\u0400-\u04ff]"),
    "el": re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
    "ar": re.compile("[\u0600-\u06ff]"),
    "hi": re.compile("[\u0900-\u097f]"),
}
# Letters and words that a script's language known here does without and its neighbours cannot: Ukrainian,
# Belarusian, Serbian, Macedonian, Kazakh; Persian, Urdu, Pashto, Kurdish; Marathi and Nepali.
_FOREIGN = {
    "ru": re.compile("[іїєґўјљњћђџѓќѕәғқңөұүһ]", re.IGNORECASE),
    "ar": re.compile("[پچژگڤکیےۀہھٹڈڑںېۍټډړڼ]"),
    "hi": re.compile("[ळॲ]|\\b(?:आहे|आणि|छ|हुन्छ|गर्न)\\b"),
}
_NEEDED = {"ru": re.compile("[ыэ]|\\b(?:что|кто)\\b", re.IGNORECASE)}  # Bulgarian has none of them

# The commonest little words. Those at the end are of languages that are not known here, and would be taken for one.
_LITTLE_WORDS = {
    "en": "the and of to a was it in is he she that had his her with for not be as at by on are were they this "
    "from or but have has an which you we i my their its been would no so what there if when who will said did",
    "de": "der die das und nicht ist ein eine im am er sie es war den dem zu mit von des sich auf für als auch an "
    "wie wir ich aus bei nach einen einer einem noch nur so dass kein keine wurde hat hatte waren sind ihr aber",
    "es": "el la los las y que no se un una en lo por con del su es de a para al más como pero sus le ya o este "
    "sí porque esta entre cuando muy sin sobre también me hasta hay donde era fue había ni nadie todo",
    "fr": "le la les et un une il elle ne n l d qu que des du est pas dans où de à en se ce qui au sur par pour "
    "sont avec plus ses sa son mais comme on nous vous je ils elles cette aux était avait leur sans y rien",
    "it": "il lo la gli le di che non è un una e del della si ma per a in i con da al dei delle nel sono era come "
    "più anche ha alla suo sua questo dal dalla se mi ci aveva quando chi nella l ho tutto erano dell",
    "pt": "o a os as e que não um uma em do da se por com no na de para dos das ao é mais como mas foi à seu sua "
    "ou quando muito nos já eu também só pelo pela até isso ela ele entre era depois sem mesmo aos havia nem",
    "nl": "de het een en niet van is in dat hij zij was op te die voor met aan er als maar om ook dan bij nog uit "
    "naar door over ze ik zijn haar had heeft werd wel geen deze dit wat worden tot je we waren wie zo",
    # Swedish, Danish and Norwegian, Catalan, Galician, Romanian, Afrikaans, Polish, Czech, Croatian, Turkish,
    # Hungarian, Finnish, Indonesian, Vietnamese, Latin, Welsh, Irish, Esperanto
    "sv": "och att det en som är på av för med den till inte har de ett om var han men sig jag från vi så kan när",
    "da": "og at det en er på af for med den til ikke har de et om var han men sig jeg fra vi så kan når som i å "
    "ble hun være eller der havde hadde blev",
    "ca": "el la els les i que no es un una en de per amb del al és com més però va ser hi ha són aquest aquesta "
    "als dels seva seu ja o molt quan també perquè sense ho",
    "gl": "o a os as e que non un unha en do da se por con no na de para dos das ao é máis como pero foi seu súa "
    "ou cando moi nos xa eu tamén só pola polo ata iso ela el",
    "ro": "și de la în a un o cu nu care pe că este din mai ce se pentru era au dar fost lui ca sa al ale sunt "
    "prin după sau când doar",
    "af": "die en het nie van is in dat hy sy was op te wat vir met aan er as maar om ook dan by nog uit na deur "
    "oor ek haar hulle ’n n sal kan dit daar toe",
    "pl": "i w na z się nie to że do jest o jak a ale po co tak za od już był była było przez dla ma czy są być",
    "cs": "a se v na je že s to z do o i jak ale po co za od už byl byla bylo pro má jsou být nebo když které který",
    "hr": "i u na se je da ne za od su s što kao ali o bi iz koji koja samo nije bio bila bilo ili kad po sve",
    "tr": "ve bir bu da de için ile çok ne gibi daha o ama en var kadar olan olarak sonra her mi değil hiç yok ben",
    "hu": "a az és hogy nem is egy volt ez meg de csak mint el van már ha ki még azt ezt vagy lehet",
    "fi": "ja on ei se että oli hän mutta niin kuin ovat myös joka kun jo olla ole sen vain hänen oli mitä tai",
    "id": "yang dan di itu dengan untuk tidak ini dari dalam akan pada juga saya ke karena ada mereka adalah oleh",
    "vi": "và của là có không một được trong cho người những với này đã các để đến khi từ về cũng",
    "la": "et in est non ad ut cum sed qui quae quod ex si per ab hoc atque nec esse enim autem sunt quam",
    "cy": "y yr a i yn o ar ei mae am oedd wedi nid bod â gan fel ond hi ef",
    "ga": "an na agus a ar i is ag go do sé sí bhí tá le ní air den as nach",
    "eo": "la kaj de en estas al ne ke li mi por kun sed ŝi estis per oni ĝi tiu pri el",
}
_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _words in _LITTLE_WORDS.items():
    for _word in set(_words.split()):
        _LANGUAGES_OF.setdefault(_word, []).append(_language)
_SPACED_LATIN = ("en", "de", "es", "fr", "it", "pt", "nl")
_LEAST_SHARE = 0.12  # of its words that are little ones: real prose has from a quarter to a half
_LEAD, _ENGLISH_LEAD = 1.2, 1.5  # how far ahead of the next the likeliest must be; English has no near kin here
_UNSPACED = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")


def guess_language(text: str) -> str:
    """The language code of `text`, from its script or its commonest little words; `UNKNOWN` when in doubt.

    Of a long text the beginning, the middle and the end are looked at. A handful of words seldom tells.
    """
    sample = _places(text)
    letters = sum(character.isalpha() for character in sample)
    for language, script in _SCRIPTS.items():
        # Japanese is mostly Chinese characters by count, so a fifth of kana is enough to tell it.
        found = len(script.findall(sample))
        if found * 5 > letters and (language == "ja" or found * 2 > letters):
            return language if _speaks(sample, language) else UNKNOWN
    words = _WORD.findall(sample.lower())
    (best, most), (_, second) = _little_words(words).most_common(2)
    lead = _ENGLISH_LEAD if best == "en" else _LEAD
    told = most >= _LEAST_SHARE * len(words) and most >= lead * second
    return best if most and told and best in NAMES else UNKNOWN


def likeliest_language(text: str) -> str:
    """The one of `NAMES` whose rules fit `text` best, however little it tells; English if it tells nothing."""
    language = guess_language(text)
    if language in NAMES:
        return language
    sample = _places(text)
    for likeliest, script in _SCRIPTS.items():
        if script.search(sample):
            return likeliest
    hits = _little_words(_WORD.findall(sample.lower()))
    return max(_SPACED_LATIN, key=lambda language: hits[language])  # the first of equals: English


def is_unspaced(text: str) -> bool:
    """Whether `text` is in a script that sets no space between sentences (Chinese, Japanese)."""
    sample = text[:_SAMPLE]
    letters = sum(character.isalnum() for character in sample)
    return len(_UNSPACED.findall(sample)) * 2 > letters > 0


def _little_words(words: list[str]) -> Counter[str]:
    """How many of `words` are among the little words of each language."""
    hits = Counter(dict.fromkeys(_LITTLE_WORDS, 0))
    hits.update(language for word in words for language in _LANGUAGES_OF.get(word, ()))
    return hits


def _places(text: str) -> str:
    """The beginning, the middle and the end of `text`, or all of it if that is not more."""
    if len(text) <= _PLACES * _SAMPLE:
        return text
    step = (len(text) - _SAMPLE) // (_PLACES - 1)
    return " ".join(text[place * step : place * step + _SAMPLE] for place in range(_PLACES))


def _speaks(sample: str, language: str) -> bool:
    """Whether a text in the script of `language` is in that language, and not in a neighbour of it."""
    foreign, needed = _FOREIGN.get(language), _NEEDED.get(language)
    if foreign and len(foreign.findall(sample)) * 50 > len(sample):
        return False
    return needed is None or needed.search(sample) is not None
