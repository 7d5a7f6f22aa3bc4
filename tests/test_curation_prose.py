from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.test_language import PARAGRAPHS
from verbosify.curation.choosing import PRICES
from verbosify.curation.english import is_reversal, leans
from verbosify.curation.prose import (
    WORDS,
    Mentions,
    Voice,
    balanced,
    blemishes,
    clauses_open_alike,
    inventions,
    is_circular,
    unfit,
)
from verbosify.essay.language import NAMES

RESERVED = Voice(first_person=False, first_plural=False, second_person=False, questions=False)
OPEN = Voice(first_person=True, first_plural=True, second_person=True, questions=True)

FIT = [
    "The rover crossed the plain before the dust came back.",
    "“The wheels will hold,” she said, and they held.",
    "'Nothing moves here,' wrote the engineer that night.",
    "(Nobody had asked the wheels for their opinion.)",
    "In 2004 the team counted 24 days without a word.",
    "Éloise kept the logbook until the last morning.",
    "Élan, she thought, was a poor word for so slow a machine…",
    "Ночью камера снова смотрела на далёкие холмы.",
    "Was the hour known before anyone had asked?",
    "No one on the team had expected such silence.",
    "True friendship between machines is hard to prove.",
    "Noted engineers came to look at the broken wheel.",
    "The crew had had no sleep since the landing.",
    "It is certain that that signal came from the hill.",
    "A rover's wheel is wider than a child's hand, or so it looks!",
    "The well-kept notes of the first winter (all four of them) were lost.",
]

UNFIT = [
    ("Too short a line.", "too short"),
    ("", "too short"),
    ("…", "too short"),
    ("The rover " + "went on and came back " * 10 + "again.", "too long"),
    ("The rover stopped near\nthe rim of the crater.", "line break"),
    ("- The rover stopped near the rim of the crater.", "list marker"),
    ("• The rover stopped near the rim of the crater.", "list marker"),
    ("1. The rover stopped near the rim of the crater.", "list marker"),
    ("(12) The rover stopped near the rim of the crater.", "list marker"),
    ("a) The rover stopped near the rim of the crater.", "list marker"),
    ("iv. The rover stopped near the rim of the crater.", "list marker"),
    ("The *rover* stopped near the rim of the crater.", "markup"),
    ("The rover stopped near the rim of the crater.[3]", "markup"),
    ("The rover stopped near the rim &amp; never left.", "markup"),
    ("The rover's page is at https://example.org for all.", "markup"),
    ("The <b>rover stopped near the rim of the crater.", "markup"),
    ("# The rover stopped near the rim of the crater.", "markup"),
    ("The rover stopped near the r\ufffdm of the crater.", "broken character"),
    ("The rover stopped near\x1b the rim of the crater.", "broken character"),
    ("The rover stopped near the rim of the", "unfinished"),
    ("The rover stopped near the rim of the crater,", "unfinished"),
    ("The rover stopped near the rim of the crater:", "unfinished"),
    ("the rover stopped near the rim of the crater.", "no beginning"),
    ("“the rover stopped near the rim of the crater.”", "no beginning"),
    (", and the rover stopped near the rim again.", "no beginning"),
    ("éloise kept the logbook until the last morning.", "no beginning"),
    ("The Rover Stopped Near The Rim Of Gale Crater.", "heading"),
    ("THE ROVER STOPPED NEAR THE WIDE RIM.", "heading"),
    ("Sure, the rover stopped near the rim of the crater.", "chat"),
    ("Yes, the rover stopped near the rim of the crater.", "chat"),
    ("No, the rover stopped near the rim of the crater.", "chat"),
    ("Answer: the rover stopped near the rim of the crater.", "chat"),
    ("Here's how the rover stopped near the rim.", "chat"),
    ("As an AI it cannot say where the rover is.", "chat"),
    ("Summary of what the rover did near the rim.", "chat"),
    ("The following passage tells of a rover near a rim.", "speaks about the text"),
    ("The author tells of a rover near the rim.", "speaks about the text"),
    ("The rover's journey is easily summarised by its wheels.", "speaks about the text"),
    ("Where did the rover stop on that day?", "question"),
    ("The rover and I stopped near the rim.", "first person"),
    ("My rover stopped near the rim of the crater.", "first person"),
    ("The rover that I’ve built stopped near the rim.", "first person"),
    ("Me it has always reminded of a patient dog.", "first person"),
    ("The rover told us about the rim of the crater.", "first person plural"),
    ("We’re told that the rover stopped near the rim.", "first person plural"),
    ("Our rover stopped near the rim of the crater.", "first person plural"),
    ("The rover stops where you would never have stopped.", "addresses the reader"),
    ("Your rover stopped near the rim of the crater.", "addresses the reader"),
    ("The rover (or what was left of it stopped there.", "unbalanced"),
    ("The rover stopped near the rim” of the crater.", "unbalanced"),
    ('The rover stopped near the "rim of the crater.', "unbalanced"),
    ("The rover stopped near the the rim of the crater.", "stammer"),
    ("The The rover stopped near the rim of the crater.", "stammer"),
    ("The rover near the rim stopped near the rim of the crater.", "circular"),
    ("Rovers follow rovers where rovers follow machines.", "circular"),
    ("The rover stopped 12 metres, or 39 feet, from the rim.", "figures"),
]


@pytest.mark.parametrize("sentence", FIT)
def test_a_plain_sentence_is_fit(sentence: str) -> None:
    assert unfit(sentence, OPEN) is None


@pytest.mark.parametrize(("sentence", "reason"), [pair for pair in UNFIT if pair[1] not in PRICES])
def test_what_does_not_belong_in_prose_is_turned_down_with_its_reason(sentence: str, reason: str) -> None:
    assert unfit(sentence, RESERVED) == reason


@pytest.mark.parametrize(("sentence", "reason"), [pair for pair in UNFIT if pair[1] in PRICES])
def test_what_a_good_writer_rarely_lets_stand_is_fit_and_has_a_price(sentence: str, reason: str) -> None:
    assert unfit(sentence, RESERVED) is None
    assert reason in blemishes(sentence, RESERVED)


@pytest.mark.parametrize(
    ("sentence", "reason"), [pair for pair in UNFIT if pair[1].startswith(("question", "first", "addresses"))]
)
def test_what_the_essay_allows_itself_is_allowed(sentence: str, reason: str) -> None:
    assert blemishes(sentence, RESERVED) == {reason}
    assert not blemishes(sentence, OPEN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I was tired, I was late.", True),
        ("A rover is the only one that can do it. A rover that only has wheels cannot.", True),
        ("The boat was late; the boat was empty.", True),
        ("The boat was late, and the pier was empty.", False),
        ("Once, once, once, said the gull.", False),  # clauses of a word or two open as they must
        ("", False),
    ],
)
def test_clauses_that_open_with_the_same_two_words_are_told(text: str, expected: bool) -> None:
    assert clauses_open_alike(text) is expected


@pytest.mark.parametrize(
    ("prose", "voice"),
    [
        ("Nobody speaks here.", RESERVED),
        ("My father built it.", Voice(first_person=True, first_plural=False, second_person=False, questions=False)),
        ("So we waited.", Voice(first_person=False, first_plural=True, second_person=False, questions=False)),
        ("Wait for yourself.", Voice(first_person=False, first_plural=False, second_person=True, questions=False)),
        ("Who built it?", Voice(first_person=False, first_plural=False, second_person=False, questions=True)),
        ("They call it A.I. in the US, and the coal mine knows nothing of it.", RESERVED),
        ("I asked us what you wanted. Why?", OPEN),
    ],
)
def test_a_voice_is_heard_from_the_prose(prose: str, voice: Voice) -> None:
    assert replace(Voice.of(prose), language="en") == voice


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("no mark at all", True),
        ("(one [two] three) “four” «five»", True),
        ('"one" and "two"', True),
        ("(one", False),
        ("one)", False),
        ("(one]", False),
        ("(one [two) three]", False),
        ("“one", False),
        ("one”", False),
        ('"one', False),
        ("‘one’ and it’s two", True),
    ],
)
def test_marks_are_balanced_if_they_come_in_pairs_and_in_order(text: str, expected: bool) -> None:
    assert balanced(text) is expected


@given(st.text("([“«xy ", max_size=20))
def test_what_is_closed_in_the_opposite_order_is_balanced(opened: str) -> None:
    closing = {"(": ")", "[": "]", "“": "”", "«": "»"}
    closed = "".join(closing[mark] for mark in reversed(opened) if mark in closing)

    assert balanced(opened + closed)
    if closed:
        assert not balanced(opened + closed[:-1])
        assert not balanced(opened + closed + closed[-1])


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The rover crossed the plain and the rover came back", False),
        ("near the rim it stopped near the rim", True),  # near the rim, twice
        ("One rover sees another rover under another plain rover", True),  # few of the longer words are new
        ("One rover sees another rover", False),  # too few of them to tell
        ("a b c d e f g", False),
        ("a b c a b c", True),
        ("A b C d a B c", True),
        ("", False),
    ],
)
def test_a_sentence_that_says_its_own_words_again_is_circular(sentence: str, expected: bool) -> None:
    assert is_circular(WORDS.findall(sentence)) is expected


@given(st.lists(st.text("abcdefg", min_size=1, max_size=6), unique=True))
def test_a_sentence_without_a_repeated_word_is_never_circular(words: list[str]) -> None:
    assert not is_circular(words)


@pytest.mark.parametrize(
    "sentence", ["But the rover went on.", "However, it stopped.", "In fact it did.", "Yet it goes."]
)
def test_a_sentence_that_turns_against_the_one_before_is_a_reversal_and_leans(sentence: str) -> None:
    assert is_reversal(sentence)
    assert leans(sentence)


@pytest.mark.parametrize(
    "sentence", ["It stopped.", "They waited.", "These words stayed.", "Then it was night.", "The other one slept."]
)
def test_a_sentence_that_opens_by_pointing_back_leans(sentence: str) -> None:
    assert leans(sentence)
    assert not is_reversal(sentence)


@pytest.mark.parametrize(
    "sentence", ["The rover stopped.", "Items were lost.", "Onehundred metres.", "Buttons failed."]
)
def test_a_sentence_that_opens_with_its_own_subject_stands_alone(sentence: str) -> None:
    assert not leans(sentence)


ESSAY = (
    "In 2019 the U.S. rover Opportunity fell silent after 15 years. NASA's engineers sent 1,000 commands, about 93% of "
    "them at night, from the Jet Propulsion Laboratory. Dr. Vertesi watched; so did Élodie."
)
MENTIONS = Mentions.of(ESSAY)


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("The rover fell silent after 15 years in 2019.", []),
        ("The rover fell silent after 19 years.", ["19"]),  # 19 is a part of 2019, and still made up
        ("The rover fell silent after 5 years and 1 day.", ["5", "1"]),
        ("About 93 of the 1,000 commands came at night.", []),
        ("About 93% of the 1,000 commands came at night.", []),
        ("The rover of 15% was lost in 2018.", ["2018"]),
        ("They waited until 12:30 for it.", ["12:30"]),
        ("The engineers of NASA waited.", []),
        ("The engineers of NASA's laboratory waited.", []),
        ("The engineers of ESA waited.", ["ESA"]),
        ("The engineers of ESA's own waited.", ["ESA's"]),
        ("A rover, Curiosity, and a ship, Endeavour.", ["Curiosity", "Endeavour"]),
        ("A rover of the U.S. fell silent.", []),
        ("A rover of the U.K. fell silent.", ["U.K"]),
        ("The scientist Dr. Vertesi watched with Dr. Margolis.", ["Margolis"]),
        ("The rover saw Ákos, and Élodie saw it.", ["Ákos"]),
        ("A NASA-built rover and a Soviet-built one.", ["Soviet-built"]),
        ("Then I knew that I’d seen what I saw.", []),
        ("Perseverance landed.", ["Perseverance"]),
        ('She wrote: "Nobody waits."', []),
    ],
)
def test_numbers_and_names_that_the_essay_does_not_mention_are_inventions(sentence: str, found: list[str]) -> None:
    assert inventions(sentence, MENTIONS, ESSAY, OPEN) == found


@given(st.sampled_from(re.split(r"(?<=[.;]) ", ESSAY)))
def test_the_essay_invents_nothing(sentence: str) -> None:
    assert inventions(sentence, MENTIONS, ESSAY, OPEN) == []


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("It took them three weeks.", ["3"]),
        ("It took them two of the twenty-four days.", ["2"]),  # twenty and four the passage has, if not so
        ("It was the fourth of its kind.", []),
        ("Dozens came, and hundreds of thousands waited.", ["100", "1000", "12"]),
        ("One of them waited for one more day.", []),
        ("In 2019 it rained.", ["2019"]),  # the essay says so, elsewhere
        ("Fernando had a brother in the harbour.", ["Fernando"]),
        ("Nobody waited, and the engineers slept.", []),
        ("Sleeping engineers dreamt slowly.", []),
        ("Engineers slept.", []),  # a word of the essay
        ("They slept for twenty nights.", ["20 nights"]),
        ("They slept for 20 hours, or 20 times.", ["20 times"]),
        ("Four metres away four of them slept.", []),  # which the passage counts by no noun
    ],
)
def test_numbers_are_the_passages_own_and_names_are_told_where_a_sentence_begins(
    sentence: str, found: list[str]
) -> None:
    assert inventions(sentence, MENTIONS, "Four of the engineers had slept for 20 hours.", OPEN) == found


FOREIGN = {
    "de": "Das Tor hat in all den Jahren niemand außer ihm geöffnet.",
    "es": "¿Quién habría pensado que la puerta seguía allí tanto tiempo?",
    "fr": "« Le portail n’a jamais servi à personne, dit-il, sauf aux chats. »",
    "it": "Nessuno avrebbe mai pensato che il cancello potesse restare lì.",
    "pt": "Ninguém pensaria que o portão ainda estivesse ali à espera.",
    "nl": "Niemand had gedacht dat het hek er nog altijd zou staan.",
    "ru": "Никто не думал, что калитка всё ещё стоит на месте.",
    "el": "Ποιος θα πίστευε ότι η πόρτα ήταν ακόμα εκεί;",
    "ar": "لم يكن أحد يظن أن البوابة ما زالت هناك؟",
    "hi": "किसी ने नहीं सोचा था कि फाटक अब भी वहीं होगा।",
    "zh": "没有人想到那扇门还在原来的地方。",
    "ja": "門がまだ同じ場所にあるとは誰も思わなかった。",
    "ko": "아무도 그 문이 아직 거기 있으리라고 생각하지 못했다.",
    "und": "Nikt nie pomyślał, że furtka wciąż stoi na swoim miejscu.",
}


@pytest.mark.parametrize("language", FOREIGN)
def test_a_whole_sentence_is_fit_in_every_language(language: str) -> None:
    assert unfit(FOREIGN[language], replace(RESERVED, language=language)) is None


@pytest.mark.parametrize("language", ["de", "es", "fr", "it", "pt", "nl", "ru", "el", "ar", "hi", "zh", "ja", "und"])
def test_what_no_language_allows_is_turned_down_in_every_language(language: str) -> None:
    voice, sentence = replace(RESERVED, language=language), FOREIGN[language]
    bare = sentence.strip("¿?«» \u00a0.;。।؟")

    assert unfit(bare, voice) == "unfinished"
    assert unfit(f"({sentence}", voice) == "unbalanced"
    assert unfit(f"- {sentence}", voice) == "list marker"
    assert unfit(f"{bare[:12]}\n{bare[12:]}.", voice) == "line break"
    assert unfit(f"**{bare}.", voice) == "markup"
    assert unfit(f"{bare[:4]}.", voice) == "too short"
    assert blemishes(f"{bare}, {bare}.", voice) == {"circular"}
    assert unfit(" ".join([bare] * 9) + ".", voice) == "too long"


def test_a_chinese_sentence_is_measured_in_characters() -> None:
    voice = replace(RESERVED, language="zh")

    assert unfit("他离开了那座城市。", voice) is None
    assert unfit("他走了。", voice) == "too short"
    assert unfit("".join(map(chr, range(0x4E00, 0x4E00 + 73))) + "。", voice) == "too long"
    assert unfit("一、他离开了那座城市。", voice) == "list marker"


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "Alte Männer Sahen Große Häuser Neben Kleinen Gärten."),
        ("fr", "Nous nous sommes souvenus de tout ce que tu disais."),
        ("nl", "Is het niet beter als we us en me vergeten?"),
        ("es", "Me dijo que no, y yo le dije que sí."),
        ("it", "No, nessuno ha visto il cancello quella mattina."),
        ("und", "Us me I, we you: summary of what your author wrote?"),
    ],
)
def test_rules_of_english_are_not_asked_of_other_languages(language: str, sentence: str) -> None:
    foreign = replace(RESERVED, language=language)
    assert unfit(sentence, foreign) is None
    assert not blemishes(sentence, foreign)
    assert unfit(sentence, RESERVED) or blemishes(sentence, RESERVED)


def test_names_are_told_by_capitals_only_where_capitals_mean_names() -> None:
    german, chinese, polish = (Voice.of(PARAGRAPHS["de"]), Voice.of(PARAGRAPHS["zh"]), Voice.of(FOREIGN["und"]))

    assert not german.capitals_are_names
    assert not chinese.capitals_are_names
    assert polish.capitals_are_names
    assert inventions("Dann kam der Nachbar mit 3 Hunden.", Mentions.of(""), "", german) == ["3"]
    assert inventions("Potem przyszedł Jan.", Mentions.of(FOREIGN["und"]), "", polish) == ["Jan"]


@pytest.mark.parametrize("language", [code for code in PARAGRAPHS if code != "en"])
def test_a_voice_says_in_one_sentence_what_is_not_judged(language: str) -> None:
    said = Voice.of(PARAGRAPHS[language]).unjudged

    assert said is not None
    assert said.startswith(f"The essay is in {NAMES[language]}, so what only rules of English tell is not judged")
    assert said.count(". ") == 0
    assert ("made-up names" in said) == (language in {"de", "ar", "hi", "zh", "ja"})


def test_a_voice_without_a_known_language_says_so_and_english_says_nothing() -> None:
    assert Voice.of(PARAGRAPHS["en"]).unjudged is None
    assert (Voice.of(FOREIGN["und"]).unjudged or "").startswith("The language of the essay cannot be told, so")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("„eins“ „zwei”", True),
        ("»eins« und »zwei«", True),
        ("”ett” och ”två”", True),
        ("»yksi» ja »kaksi»", True),
        ("「一『二』三」《四》（五）", True),
        ("„eins", False),
        ("eins“", False),
        ("»eins", False),
        ("”ett", False),
        ("「一", False),
        ("（一」", False),
    ],
)
def test_marks_of_other_languages_are_balanced_too(text: str, expected: bool) -> None:
    assert balanced(text) is expected
