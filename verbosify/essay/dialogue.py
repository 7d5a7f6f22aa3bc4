"""Speech and who speaks it: `“Is it far?” Ruth asked.` is one sentence. Knows English verbs of speaking."""

from __future__ import annotations

import re

from verbosify.essay.abbreviations import OPENERS
from verbosify.essay.adornments import STOP

_SPOKEN = re.compile(rf"(?:{STOP}|[—–-])[ \u00a0\u202f]?[\"'”’»›“‘«)\]）]")
_ENDS_SPEECH = re.compile(rf"({STOP}+|[—–-])[ \u00a0\u202f]?[\"'”’»›“‘]+\Z")
_NAME = r"[^\W\d_a-z][\w'’-]*"
_TITLE = r"(?:Mr|Mrs|Ms|Mx|Dr|Prof|St|Capt|Col|Lt|Sgt|Rev)\.?"
_SPEAKER = re.compile(
    rf"\s+(?:(?:old|young|little|poor|dear)\s)?({_TITLE}\s{_NAME}|{_NAME})((?:\s{_NAME})*)(?:(?<=[’']s)\s\w+|(?<=s[’'])\s\w+)?(?:\s(?:and|&)\s{_NAME})?\s"
)
_SAID = re.compile(
    "(?:said|says|asked|asks|cried|shouted|whispered|replied|yelled|muttered|murmured|exclaimed|demanded|added|repeated"
    "|insisted|snapped|wondered|inquired|enquired|screamed|roared|growled|hissed|stammered|gasped|mumbled|observed"
    "|remarked|protested|suggested|admitted|announced|declared|explained|retorted|objected|mused|shrieked|bellowed"
    "|blurted|croaked|grunted|pleaded|sobbed|groaned|moaned|cheered|warned|ordered|commanded|called|answered|told"
    "|interrupted|begged|urged|reminded|thought|responded|stuttered|squeaked|chirped|chimed|drawled|boomed|sneered"
    "|commented|agreed|concluded|went on|wanted to know|put in|breathed|scoffed|countered|teased|joked|promised|read"
    r"|began|started|continued|sighed|went)\b"
)
_NOTHING_ELSE = {"began", "started", "continued", "sighed", "agreed", "read", "went", "thought", "concluded"}
_WITH_HEARER = {
    "asked", "asks", "told", "begged", "warned", "urged", "reminded", "ordered", "commanded", "answered", "interrupted",
}  # fmt: skip
_CLOSED = r"\s*(?:[.,;:!?…—–]|\Z)"
_MANNER = (
    r"\s+(?:\w+ly|again|aloud|back|out|at last|at once|too|together|first|next|then|after|before|as|when|while|from|"
    r"into|over|through|across|behind|beside|with|without|under|between|in|and)\b"
)
_HEARER = (
    r"\s+(?:him|her|them|us|me|you|everyone|(?:the|his|her|my|our|their)\s\w+|[^\W\d_a-z][\w'’-]+)(?!\s(?:to|for)\b)"
)
_AFTER = {
    kind: re.compile(rf"(?:{pattern})")
    for kind, pattern in {
        "closed": rf"(?:\s+\w+ly)?{_CLOSED}",
        "manner": rf"{_CLOSED}|{_MANNER}|\s+to\s(?:him|her|them|us|me|{_NAME}|the\s)",
        "hearer": rf"{_CLOSED}|{_MANNER}|{_HEARER}",
    }.items()
}


def is_taken_up(before: str) -> bool:
    """Whether `before` ends with a stop and a closing mark, so that a word in small letters takes it up."""
    return _SPOKEN.search(before) is not None


def names_speaker(before: str, after: str) -> bool:
    """Whether speech ends `before`, and `after` begins with a name and a verb of speaking: `Ruth asked.`"""
    speech = _ENDS_SPEECH.search(before)
    speaker = speech and _SPEAKER.match(after)
    if not speech or not speaker:
        return False
    name = speaker[1]
    if name != "I" and name in OPENERS["en"]:
        return False
    verb = _SAID.match(after, speaker.end())
    if verb is None:
        return False
    if verb[0] in _NOTHING_ELSE or speech[1] == ".":
        kind = "closed"  # “It is late.” Ruth said. But: “It is late.” Ruth said that often.
    else:
        kind = "hearer" if verb[0] in _WITH_HEARER else "manner"
    return _AFTER[kind].match(after, verb.end()) is not None
