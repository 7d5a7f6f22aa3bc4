"""What a full stop after an abbreviation, an initial or a number means. Knows the words of seven languages.

An abbreviation leads to a number or a name (`p. 5`, `Dr. Weiss`), or goes on (`e.g. Mozart`), or may end a sentence
(`plums etc. I want more`): then the next word tells, if it is one that is written large only where a sentence begins.
"""

from __future__ import annotations

import re

from verbosify.essay.adornments import CONTEXT

_OPENERS = {
    "en": "The This That These Those There Then Thus Therefore It Its He His She Her They Their We Our You Your My I "
    "If In On At By From With Without When While Where Why What Who Whose How Which And But Or Nor So Yet As An A "
    "Not Nobody Nothing None No Once Only Now Never Most Many Some Several Each Every Everyone Everybody All Both "
    "Another Other Others After Afterwards Before Because Since Until Although Though However Here Soon Later Even "
    "Is Are Was Were Did Do Does Had Has Have Would Could Should Perhaps Maybe Today Tomorrow Yesterday Still Two "
    "Three Four To For Instead Meanwhile Finally Also Too Let Few Somebody Someone Nobody Anyone Everything Despite "
    "During Between Under Over About Almost Just",
    "de": "Der Die Das Den Dem Des Ein Eine Einen Einem Einer Er Sie Es Wir Ihr Ich Du Und Aber Oder Doch Denn Dann "
    "Danach Da Dort Hier So Nun Nur Noch Nicht Niemand Nichts Kein Keine Als Wenn Weil Wer Was Wie Wo Warum Wann In "
    "Im Am An Auf Aus Bei Mit Nach Von Vor Zu Zum Zur Über Unter Um Für Seit Später Heute Gestern Alle Alles Man Ist "
    "War Sind Waren Hat Hatte Wird Wurde Dieser Diese Dieses Diesem Jeder Jede Jedes Sein Seine Mein Meine Unser "
    "Trotzdem Deshalb Daher Auch Bis Ohne Durch Viele Einige Mehr Manche Jemand Jetzt Plötzlich Sonst Wieder",
    "fr": "Le La Les Un Une Des Du De Il Elle Ils Elles On Nous Vous Je Tu Et Mais Ou Or Donc Car Puis Ensuite Alors "
    "Ce Cet Cette Ces Ceci Cela Son Sa Ses Leur Leurs Mon Ma Mes Notre Nos Personne Rien Aucun Aucune Qui Que Quoi "
    "Quand Comme Si Dans En À Au Aux Sur Sous Par Pour Avec Sans Après Avant Depuis Pendant Tout Tous Toute Toutes "
    "Aujourd Hier Demain Ne Chaque Plus Enfin Ainsi Pourquoi Comment Où Est",
    "es": "El La Los Las Lo Un Una Unos Unas Él Ella Ellos Ellas Nosotros Yo Tú Usted Y Pero O Ni Que Quien Cuando "
    "Donde Como Si Sí No Nadie Nada Nunca Ya Luego Después Antes Entonces Aunque Porque Este Esta Esto Estos Estas "
    "Ese Esa Eso Su Sus Mi Mis Se Le Les Me En De Del Con Sin Por Para Al A Hasta Desde Todo Todos Toda Todas Hoy "
    "Ayer Mañana Así Es Era Fue Hay Había También Solo Más Muy Ahora",
    "it": "Il Lo La Gli I Le Un Una Uno Lui Lei Loro Noi Io Tu E Ma O Né Che Chi Quando Dove Come Se Non Nessuno "
    "Niente Poi Allora Dopo Prima Questo Questa Questi Queste Quel Quella Suo Sua Suoi Nel Nella In Di Da Con Per Su "
    "Tra Fra Tutto Tutti Oggi Ieri Domani Così Anche Era È Più",
    "pt": "O A Os As Um Uma Ele Ela Eles Elas Nós Eu Você E Mas Ou Nem Que Quem Quando Onde Como Se Não Ninguém Nada "
    "Depois Antes Então Este Esta Isto Esse Essa Isso Seu Sua Seus Suas No Na Nos Nas Em De Do Da Com Por Para "
    "Todo Todos Tudo Hoje Ontem Amanhã Também Era Foi É Mais Já Já",
    "nl": "De Het Een Hij Zij Ze Wij We Ik Jij En Maar Of Want Dan Daarna Toen Nu Niet Niemand Niets Geen Als Wie Wat "
    "Waar Waarom Wanneer Hoe In Op Aan Bij Met Van Voor Naar Uit Over Deze Dit Die Dat Zijn Haar Alle Alles Iedereen "
    "Was Is Er Ook Later Vandaag",
}
OPENERS = {language: frozenset(words.split()) for language, words in _OPENERS.items()}
"""By language, words that are written large only because a sentence begins with them."""

_LEADS_TO_NUMBER = re.compile(
    r"\b(?:abb|abs|apt|art|approx|bd|c|ca|cap|ch|chap|eq|eqs|est|fig|figs|kap|no|nos|nr|núm|op|p|pág|págs|par|pp|pt|pop|"
    r"sec|sect|[^\W\d_]*str|tab|tel|v|vol|vols|z|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.$",
    re.IGNORECASE,
)
_LEADS_TO_NAME = re.compile(
    r"\b(?:Mr|Mrs|Ms|Mx|Dr|Dra|Prof|Rev|Hon|St|Mt|Gen|Col|Maj|Capt|Lt|Sgt|Gov|Sen|Rep|Messrs|Sr|Sra|Srta|[Ss]ig|"
    r"Dott|Hr|Fr|Mme|Mlle|Dhr|Mevr|Don|Dña|Ste|Mgr|Hptm|Ing|Dipl|[^\W\d_a-z]\.-(?!C)[^\W\d_a-z])\.$"
)
_ROMAN = re.compile(r"\b[IVXL]{1,6}\.$")  # Ludwig XIV. tanzte
_STREET_OR_SENIOR = re.compile(r"\b[^\W\d_a-z]\w+\s(?:St|Sr|Dr)\.$")  # Dock St., Martin Bell Sr.
_LEADS_TO_NAME_IN = {
    "fr": re.compile(r"\b(?:MM?|bd|boul)\.$"),
    "de": re.compile(  # an ordinal before a noun: am 3. Oktober, im 19. Jahrhundert
        r"\b(?:am|im|vom|zum|zur|beim|bis|ab|der|die|das|den|dem|des|ein|eine|einem|einer|jede[rsmn]?)\s\d{1,2}\.$"
        r"|\bFa\.$|\bDr\.(?:\s[a-z]{1,5}\.){0,3}\s?(?:med|phil|jur|theol|nat|pol|h\.\s?c)\.$",
        re.IGNORECASE,
    ),
}
_ORDINAL = re.compile(r"(?<![\d.,])(?:\d{1,2}|(?<=\s)[IVX]{1,5})\.$")
_HOUR = re.compile(r"\b[ap]\.\s?m\.$", re.IGNORECASE)
_CLOCK = re.compile(  # 9 a.m. Eastern time
    r"\s(?:Eastern|Central|Mountain|Pacific|Greenwich|[A-Z]{2,4}T?|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b"
)
_ERA = re.compile(r"(?<!\S)\S+\s\S+\s\S.*\d\s(?:[ad]\.\s?C|[ap]v?p?\.\sJ\.-C)\.$")  # late in a sentence
_DAY = re.compile(r"(?<![\d.,])\d{1,2}\.$")
_MONTH = re.compile(  # after a day's number, in German
    r"\s*(?:Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
    r"|(?:Jan|Jän|Feb|Mrz|Apr|Jun|Jul|Aug|Sep|Sept|Okt|Nov|Dez)\.)(?!\w)"
)
_BEFORE_SMALL_LETTERS = re.compile(
    r"\b(?:(?:[^\W\d_]{1,3}\.-?){2,}|(?:[^\W\d_]\.[ \u00a0\u202f]?){2,}|(?:incl|excl|esp|resp)\."
    r"|(?:Mon|Tues?|Wed|Thurs?|Fri|Sat|Sun|Jan|Feb|Mar|Apr|Aug|Sept?|Oct|Nov|Dec|Inc|Ltd|Corp|Co|Bros|Jr|Sr|St|Ave|Rd)\.)$"
)
_ALWAYS_GOES_ON = re.compile(
    r"(?<![\w.])(?:e\.\s?g|i\.\s?e|cf|viz|vs|z\.\s?B|d\.\s?h|u\.\s?U|i\.\s?d\.\s?R|o\.\s?ä|vgl|bzw|sog|p\.\s?ex|"
    r"c\.-à-d|p\.\s?ej|env|aprox)\.$",
    re.IGNORECASE,
)
# Whatever is written large after them begins a sentence.
_AT_AN_END = re.compile(r"(?<![\w.])(?:etc|&c|usw|usf|u\.\s?v\.\s?m)\.$", re.IGNORECASE)
# Words that are abbreviations only before a number or in capitals: I said no. He may. A work of art.
_WORDS = re.compile(
    r"(?<![\w.])(?:no|may|art|fig|miss|ill|ore|ok|me|pa|mar|rep|in|sat|sun|min|del|mass|wash|gen|ave|col|dec|hon|ala"
    r"|cal|mi|ma|al|am|op|prof|univ|ref|rev)\.$"
)
_NUMERAL = re.compile(r"\s*(?:\d|[IVXLCDM]+\b)")
# After them, only a word that would otherwise be written small does.
_PERHAPS_AT_AN_END = re.compile(
    r"""(?<![\w.])(?:
        (?:[^\W\d_]\.\s?){1,4}[^\W\d_] | EE\.\s?UU | (?:n|v)\.\s?Chr | av\.\s?J\.-C | ap\.\s?J\.-C
      | [AaPp]\.?[Mm] | Ph\.\s?D | [BM]\.\s?[A-Z]c? | et\sal | ff? | Jr | Sr | Inc | [SL]td | Corp | Cos? | Bros
      | LLC | St | Ave | Blvd | Rd | Sq | Str | [Uu]ds? | ibid | ib | ebd | op\.\s?cit | Jan | Feb | Aug | Sept?
      | Oct | Okt | Nov | Dec | Dez | Mon | Tues? | Wed | Thurs? | Fri | Sat | Sun | [Nn]o | ft | in | lb | oz | yd
      | mi | hrs? | min | sec | vols? | pp? | chap | Einw | hab
    )\.$""",
    re.VERBOSE,
)
# The libraries take hundreds of plain words for abbreviations (la mer, el bien, der Bart), so the real ones are told.
_ABBREVIATED = {
    "de": "abb abk abs abt adj adv anm apr art aufl aug ausg bd bde bes betr bsp bspw bzgl bzw ca cf chr cm co corp ct "
    "dez dgl dipl dir doz dr ebd ehem eig einschl em entspr etc ev evtl exkl exp feb ff fig forts fr frl geb gebr gegr "
    "gest gez ggf hist hl hptm hr hrn hrsg inc ing inh inkl insb insbes jan jh jhd jr jul jun kap kath kgl km lat led "
    "lfd lt ltd mag max mfg min mind mio mr mrd mrs ms mz nachf nam nov nr okt op orig pfd phil pp prof prot ps ref "
    "rel resp rd röm sen sept sog spez sr st staatl std str stv tab tel ts tsd urspr usf usw verf verh vgl verst viz "
    "vol vorm vs wiss zit zool zz zzgl",
    "es": "adm adj admón ap apdo aprox art arts atte av avda cap caps cf cfr cía cm co cód col coord corp cta cte dcha "
    "depto dic dir doc dpto dr dra dras dres dña ed eds ee ej entlo esp etc ext fac fasc febr fig figs fr gob gr gral "
    "hab hnos hno ib ibid ilmo imp ing inst intr izq izqda jr kg km lám lib lic loc ltda máx mín mm mons mr mrs ms ms "
    "mtro nal nov nro núm núms oct op pág págs párr pdte pl pp prof profa prov ptas pza ref reg reit rte seg sept sig "
    "sor sr sra sras sres srta srtas ss sta sto sust tel trad tít ud uds uu vd vds vid viz vol vols vs",
    "fr": "abbr abrév adj adm adv al ann anon app apr arch art arr av avr bd bibl boul bull ca cap capt cf ch chap cie "
    "cl cm coll corr dép dir doc dr drs éd édit encycl env établ etc ex exp fasc féd févr fig figs fl gal gén hab hon "
    "ibid ill impr inc inf ing inv janv jr juil lib lieut lt ltd maj math max mgr min mlle mlles mm mme mmes ms mss nº "
    "nov num obs oct op orig par part pharm pl pp pr préf prof prov pseud publ qqch qqn rd réf rem resp rev sc sept "
    "sq sr st ste stés sté suiv suppl sup tél tom trad univ var vol vols vs",
}
_ABBREVIATIONS = {language: frozenset(words.split()) for language, words in _ABBREVIATED.items()}
_WHOLE_WORD = re.compile(r"(?<![\w.’'-])(?:[ldjnscmt][’'])?([^\W\d_]{2,})\.$", re.IGNORECASE)
_STOP_AFTER_LETTER = re.compile(r"(?<=[^\W_])\.(?=\s)")
_FIRST_WORD = re.compile(r"[^\W_]")
_NEXT_WORD = re.compile(r"[\s\u00a0]*[\"'“‘„«»¿¡(\[*_]*([^\W\d_]+)(\.?)")


def opens_sentence(after: str, language: str) -> bool:
    """Whether the text `after` begins with a word that is written large only where a sentence begins."""
    word = _NEXT_WORD.match(after)
    if word is None or (word[2] and len(word[1]) == 1):  # I. A. Richards
        return False
    known = OPENERS[language] if language in OPENERS else OPENERS["en"]
    return word[1] in known


def ends_after_abbreviations(text: str, language: str) -> set[int]:
    """Offsets after the abbreviations, and the words that look like one, which close a sentence."""
    return {
        stop.end()
        for stop in _STOP_AFTER_LETTER.finditer(text)
        if _closes(text[max(0, stop.end() - CONTEXT) : stop.end()], text[stop.end() : stop.end() + CONTEXT], language)
    }


def leads_on(before: str) -> bool:
    """Whether `before` ends with an abbreviation that never ends a sentence: a title, or `e.g.`."""
    return any(rule.search(before) for rule in (_LEADS_TO_NAME, _ALWAYS_GOES_ON))


def leads_to(before: str, after: str, language: str) -> bool:
    """Whether the full stop at the end of `before` ends no sentence, as what comes `after` it tells."""
    word = _FIRST_WORD.search(after)
    if word and word[0].isdigit():
        return _LEADS_TO_NUMBER.search(before) is not None
    if word and word[0].islower():
        return any(rule.search(before) for rule in (_BEFORE_SMALL_LETTERS, _ROMAN))
    if language == "de" and _DAY.search(before) and _MONTH.match(after):
        return True
    closing = _STREET_OR_SENIOR.search(before) or (language == "de" and _ORDINAL.search(before))
    if closing and opens_sentence(after, language):
        return False  # Er kam am 3. Sie kam am 4.
    if _HOUR.search(before) and _CLOCK.match(after):
        return True
    rule = _LEADS_TO_NAME_IN.get(language)
    return leads_on(before) or (rule is not None and rule.search(before) is not None)


def _closes(before: str, after: str, language: str) -> bool:
    word = _NEXT_WORD.match(after)
    if word is None or not word[1][0].isupper() or _ALWAYS_GOES_ON.search(before):
        return False
    if _AT_AN_END.search(before) or _ERA.search(before):
        return True
    if language == "de" and _ORDINAL.search(before):
        return opens_sentence(after, language)
    if _WORDS.search(before):
        return _NUMERAL.match(after) is None
    whole = _WHOLE_WORD.search(before)
    if whole is not None and language in _ABBREVIATIONS and whole[1].casefold() not in _ABBREVIATIONS[language]:
        return _ROMAN.search(before) is None
    return _PERHAPS_AT_AN_END.search(before) is not None and opens_sentence(after, language)
