"""Makes `archive.csv`, the archive of posts of Ambrose, a rubber plant that we invented.

Run `python corpora/ambrose/make.py`. What Ambrose says lies in `posts.txt` and `answers.txt`, line by line; this adds
the posts that come in series, and all that an archive has besides posts: reposts, replies to others, links, entities,
blank rows. Nobody's words but ours.
"""

from __future__ import annotations

import csv
import html
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

HERE = Path(__file__).parent
SEED = 4
ASKS = "A reader asks:"

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PRESENT = (
    "myself, the spider, the lemons",
    "myself, the moth",
    "myself and, under protest, the cat",
    "myself, the succulent, a fly",
    "myself, the spider, the moth, a biscuit",
)
_ABSENT = ("the sun", "the Tenant", "the watering can", "the sun and the Tenant", "the cloth", "common decency")
_RESOLVED = (
    "that it is dim",
    "that the matter of the saucer be raised again, and again lowered",
    "to lean left, by a majority of one",
    'that the finger which said "hm" be asked to explain itself',
    "that Tuesday was a long time ago",
    "to write to the radiator",
    "that the cat be noted",
    "that there is a draught, and that it knows what it has done",
    "to put out a leaf, if the light permits, and not to mention it, and then to mention it",
    "that the plastic plant has no vote",
    "to thank the spider for her posture",
    'that "soon" is not a day of the week',
)
_DRY = (
    "I have begun to look at the lemons.",
    "The Tenant has watered the conversation, and nothing else.",
    "A tear fell into my pot during a film. I will not say that it helped.",
    "I am told that deserts are beautiful.",
    "The succulent has asked whether it is a competition. It is now.",
    "I heard the kettle fill. It was not for me. It never is.",
    "Somebody ran a bath. I listened to all of it.",
    "I inclined. Nobody looked up.",
    "The can stands by the door, full, like a promise with a handle.",
    "I have composed a notice for the lower leaves.",
    "It has rained on the outside again.",
    "The cat drank from its bowl for some time, with eye contact.",
    "I said nothing, and it carried.",
    "I am rationing my remarks.",
    "I have written to the fern upstairs, forgetting that it is dead.",
)
_REVIEWS = (
    ("the new lamp", "Bright, eager, no depth. Two leaves out of five."),
    ("the north window", "Discreet. Reliable. Never once surprised me. Four leaves out of five."),
    ("the balcony", "Too much of everything. A bee was involved. Three leaves out of five."),
    ("the radiator", "Loud, dry, comes on at six without being asked. No leaves out of five."),
    ("the damp sock", "It is what there is. Two leaves out of five, one of them clean."),
    ("the moon", "Beautiful, useless, on time. Three leaves out of five."),
    ("rain, seen through glass", "Well made, but not for me. One leaf out of five."),
    ("the violin", "I am told that it gets better. So is the weather. One leaf out of five, dropped."),
    ("the watering can with the long spout", "A fine object. I should like to see it used. Four leaves out of five."),
    ("the cat", "Warm, punctual, and a menace. I withhold the leaves."),
    ("August", 'They left me with a list, and on the list I was "etc". No leaves.'),
    ("the bath", "I deny that I enjoyed it. Five leaves out of five."),
    ("compost", "Rich, crowded, a great deal of peel. Four leaves out of five."),
    ("the visitor", 'Called me "that green thing" and stood in the light. No leaves, and I considered a subtraction.'),
    ("the spider", "Quiet, tidy, eight legs and not one complaint. Five leaves out of five."),
    ("the curtain", "A wall with good manners. Two leaves out of five."),
    ("Sunday", "The light came late and stayed in bed. Two leaves out of five."),
    ("the plastic plant", "Consistent. I will give it that, and nothing else."),
)
_TOPICS = (
    ("holidays", "A holiday is a fortnight in which nobody waters anybody. I have survived eleven."),
    ("breakfast", "It comes in from the left at about eight, over the chimney, and on a good day I have seconds."),
    ("trains", "I hear them at night. They are watered, I believe, at stations, and treated with respect."),
    ("the news", "It is read aloud at seven. So far none of it has been about the window."),
    ("cooking", "There is steam. I will not hear a word said against steam."),
    (
        "computers",
        "It gives off a useless light, and the Tenant leans towards it all day. I know leaning.",
    ),
    ("exercise", "I rise a quarter of an inch a month and do not post about it."),
    ("poetry", "It is short, it stands in a lot of white space, and hardly anybody waters it. I approve."),
    ("children", "They ask before they touch, and then they touch. I respect the order."),
    ("parties", "They put a coat on me. I was a coat stand until four in the morning."),
    ("the opera", "The Tenant puts it on to cry. I am watered during the third act."),
    ("gardens", "I have seen one, from the balcony. Everybody was outdoors and nobody was in charge."),
    ("friendship", "The spider has never once told me to perk up. Build on that."),
    ("money", "My price is still in my soil. I try to be worth it, and I have had no complaints, nor a saucer."),
    ("time", "I keep it in rings. You keep it in your pocket and are late."),
    ("space", "I have eleven inches to the left and a cat to the right."),
    ("history", "There was an orchid, and then there was not. The rest is commentary."),
    ("science", "They have found that we make air. They seemed surprised. They had been breathing the whole time."),
    ("cake", "Crumbs have been left in my pot in friendship. I could not taste the friendship."),
    ("bicycles", "One lives in the hall. It is taken out, it comes home wet, and it does not know how lucky it is."),
    ("fashion", "Green, again, this year. I have never been out of it."),
    ("shoes", "I own a pot. It is incidental, like trousers."),
    ("school", "I was in a classroom once, for a week, as an example. I learned to be looked at."),
    (
        "cheese",
        "It is kept in the cold and the dark and admired for it. I have tried that.",
    ),
    ("doctors", 'One put a finger in my soil and said "hm". I got no second opinion.'),
    ("the weekend", "Both of them are at home, the Tenant and the cat, and neither opens the blinds before ten."),
    ("flowers", "They shout, they are given a ribbon, and they are dead by Thursday."),
    ("mountains", "They stand still and are admired from a distance. I have asked for the same."),
    ("dancing", "I have leaned since the spring. It is very slow and there is no partner."),
    ("dreams", "A south window, a whole saucer, and the cat behind glass."),
)
_FRAMES = (
    "what do you think of {}?",
    "do you like {}?",
    "what is your opinion of {}?",
    "tell me about {}.",
    "any thoughts on {}?",
)
_OTHERS = ("@lemon_bowl", "@tree_across_the_road", "@moth_in_residence", "@fernleigh", "@pebble_succulent")
_OF_OTHERS = (
    "We are lemons. We are fine.",
    "Orange again. No regrets.",
    "The lamp did not love me back. I shall go again tonight.",
    "I feel faint!!! Is it the air?? It is ALWAYS the air",
    "Still not watered. Still great.",
)
_TO_OTHERS = (
    "as I said on Wednesday, it is not a competition.",
    "kindly keep your leaves on your own side.",
    "thank you. I had noticed.",
    "that was not I, that was the draught.",
    "no.",
)
_LINKS = ("https://example.org/a1", "https://example.org/window?light=left&more=1", "http://example.org/b/2")


def voice() -> list[str]:
    """All that Ambrose says, in the order of the archive."""
    rng = random.Random(SEED)  # noqa: S311  # no secret
    said = _lines("posts.txt")
    for line in _lines("answers.txt"):
        question, _, answer = line.partition(" | ")
        said.append(f'{ASKS} "{question}" {answer}')
    for topic, answer in _TOPICS:
        said += [f'{ASKS} "{frame.format(topic)}" {answer}' for frame in rng.sample(_FRAMES, 3)]
    said += [f"A review of {thing}. {verdict}" for thing, verdict in _REVIEWS]
    for number, remark in enumerate(_DRY * 3, 3):
        said.append(f"Day {number % 17 + 2} without water. {remark}")
    minutes = [(who, gone, what) for who in _PRESENT for gone in _ABSENT for what in _RESOLVED]
    for who, gone, what in rng.sample(minutes, 70):
        day = rng.choice(_WEEKDAYS)
        said.append(f"Minutes of the windowsill, {day}. Present: {who}. Apologies: {gone}. Resolved: {what}.")
    said = list(dict.fromkeys(said))
    rng.shuffle(said)
    return said


def archive() -> list[tuple[str, str, str]]:
    """The rows of the archive: an id, a date, and a text as such sites hand them out."""
    rng = random.Random(SEED)  # noqa: S311  # no secret
    texts = []
    for text in voice():
        written = html.escape(text, quote=rng.random() < 0.3)  # some sites escape quotes, too
        if rng.random() < 0.12:
            written += " " + " ".join(rng.sample(_LINKS, rng.randint(1, 3)))
        texts.append(written)
        if rng.random() < 0.10:
            other = rng.randrange(len(_OTHERS))
            texts.append(f"RT {_OTHERS[other]}: {html.escape(_OF_OTHERS[other])}")
        if rng.random() < 0.10:
            texts.append(f"{rng.choice(_OTHERS)}{rng.choice((':', ''))} {rng.choice(_TO_OTHERS)}")
        if rng.random() < 0.02:
            texts.append(rng.choice(("", " ", f"{_LINKS[0]} {_LINKS[1]}")))
    day = datetime(2024, 1, 1, 8, tzinfo=UTC)
    return [
        (str(10_000_000 + 37 * number), (day + timedelta(hours=9 * number)).isoformat(), text)
        for number, text in enumerate(texts)
    ]


def _lines(name: str) -> list[str]:
    return (HERE / name).read_text(encoding="utf-8").splitlines()


def main() -> None:
    with (HERE / "archive.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("id", "created_at", "text"))
        writer.writerows(archive())


if __name__ == "__main__":
    main()
