"""Words, their rate, fillers and questions, all from the primary transcript.

A word is a run of non-blank characters with a letter or digit (`core.words`). Fillers are English: the strict list
holds sounds without other meaning, the extended list adds words that mostly have one. A question is a question mark,
or several in a row, at the end of a word.

>>> question_count("Really?! You saw a?b=1?? Why?")
3
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from sqlmodel import SQLModel

from meeting_assets.metrics.arithmetic import ratio
from meeting_assets.metrics.lineage import IS_UNSPACED, SPEECH, TEXTS, WORDS
from meeting_assets.metrics.speech import Columns, SpokenMeeting
from meeting_assets.schema import fields

# With less talk a rate of speech is noise.
WORDS_PER_MINUTE_MIN_TALK_US = 10_000_000
# A transcript without any of these comes from a provider that writes no punctuation.
_PUNCTUATION = re.compile(r"[.?!\u2026\u3002\uff1f\uff01\u061f]")
_QUESTIONS = re.compile(r"\?+(?!\w)|[\uff1f\u061f]+")
# Characters of a token: `uh-huh` and `'em` are one token each.
_EDGE = r"[\w'\u2019-]"
_OUTSIDE = re.compile(rf"^(?:(?!{_EDGE}).)+|(?:(?!{_EDGE}).)+$")
_STRICT = frozenset({"um", "uh", "er", "erm", "hmm", "mm"})
_EXTENDED = _STRICT | {"umm", "uhm", "uhh", "ah", "eh", "mhm", "like", "basically", "actually", "literally"}
_PHRASES = [
    # perf: an expression that starts with plain text is found faster than one that starts with a look-behind
    re.compile(rf"{phrase}(?<!{_EDGE}{phrase})(?!{_EDGE})")
    for phrase in ("you know", "i mean", "sort of", "kind of")
]


class ParticipantWords(SQLModel):
    """Columns of `participant_metrics`."""

    word_count: int | None = fields.count(
        "runs of non-blank characters with a letter or digit in the primary transcript; NULL without a transcript",
        derived_from=WORDS,
    )
    word_share: float | None = fields.share(
        "word_count / sum of word_count over the meeting's participants; NULL in scripts without blanks between words",
        derived_from=(*WORDS, IS_UNSPACED),
    )
    words_per_minute: float | None = fields.number(
        "word_count / (talk_time_s / 60); NULL under 10 s of talk and in scripts without blanks between words "
        "(130-175 is Read.ai's band, AMI has 145-190)",
        unit="1/min",
        derived_from=(*WORDS, IS_UNSPACED, *SPEECH),
    )
    filler_count: int | None = fields.count(
        "um, uh, er, erm, hmm and mm, standing alone; English only", derived_from=(*TEXTS, IS_UNSPACED)
    )
    fillers_per_100_words: float | None = fields.number(
        "100 * filler_count / word_count (Read.ai's advice is under 4)",
        unit="1/100 words",
        derived_from=(*TEXTS, *WORDS, IS_UNSPACED),
    )
    extended_filler_count: int | None = fields.count(
        "filler_count, and sounds and words that can have a meaning: ah, eh, mhm, uhm, like, you know, I mean, "
        "sort of, kind of, basically, actually, literally; English only",
        derived_from=(*TEXTS, IS_UNSPACED),
    )
    question_count: int | None = fields.count(
        "sentences that end in a question mark; NULL if the transcript has no punctuation (Gong, Fireflies)",
        derived_from=TEXTS,
    )


class MeetingWords(SQLModel):
    """Columns of `meeting_metrics`."""

    word_count: int | None = fields.count("sum of word_count over the participants", derived_from=WORDS)
    words_per_minute: float | None = fields.number(
        "word_count / (sum of talk_time_s / 60); NULL under the same conditions as in participant_metrics",
        unit="1/min",
        derived_from=(*WORDS, IS_UNSPACED, *SPEECH),
    )
    question_count: int | None = fields.count("sum of question_count over the participants", derived_from=TEXTS)


def participant_words(meeting: SpokenMeeting) -> dict[str, Columns]:
    """The columns of `ParticipantWords` for each participant."""
    given = meeting.given
    if given.transcript_id is None:
        return {key: dict.fromkeys(ParticipantWords.model_fields) for key in meeting.people}
    counts = dict.fromkeys(meeting.people, 0)
    texts: dict[str, list[str]] = {key: [] for key in meeting.people}
    for key, _, count, text in given.utterances:
        if key in counts:
            counts[key] += count
            texts[key].append(text)
    total = 0 if given.is_unspaced else sum(counts.values())
    talk_us = {} if given.is_unspaced else meeting.talk_us
    is_punctuated = any(_PUNCTUATION.search(text) for _, _, _, text in given.utterances)
    rows: dict[str, Columns] = {}
    for key, count in counts.items():
        text = "\n".join(texts[key])
        fillers, extended = (None, None) if given.is_unspaced else filler_counts(text)
        rows[key] = {
            "word_count": count,
            "word_share": ratio(count, total),
            "words_per_minute": words_per_minute(count, talk_us.get(key, 0)),
            "filler_count": fillers,
            "fillers_per_100_words": None if fillers is None else ratio(100 * fillers, count),
            "extended_filler_count": extended,
            "question_count": question_count(text) if is_punctuated else None,
        }
    return rows


def meeting_words(meeting: SpokenMeeting, participants: Mapping[str, Columns]) -> Columns:
    """The columns of `MeetingWords`."""
    counts = _sum(participants, "word_count") if meeting.given.transcript_id is not None else None
    talk_us = 0 if meeting.given.is_unspaced else sum(meeting.talk_us.values())
    return {
        "word_count": counts,
        "words_per_minute": None if counts is None else words_per_minute(counts, talk_us),
        "question_count": _sum(participants, "question_count"),
    }


def words_per_minute(count: int, talk_us: int) -> float | None:
    """Words per minute of own talk; None if there is too little talk for a rate.

    >>> words_per_minute(50, 20_000_000)
    150.0
    """
    return None if talk_us < WORDS_PER_MINUTE_MIN_TALK_US else 60_000_000 * count / talk_us


def filler_counts(text: str) -> tuple[int, int]:
    """Number of fillers of the strict and of the extended list that stand alone; `uh-huh` and `mm-hmm` are answers.

    >>> filler_counts("Um, so, uh-huh, I er ... mm-hmm, you know")
    (2, 3)
    """
    lower = text.lower()
    strict = extended = 0
    for token, count in Counter(lower.split()).items():
        word = token
        # perf: most tokens have no punctuation, and matching the expression costs more than this test
        if not (token[0].isalnum() and token[-1].isalnum()) and token not in _EXTENDED:
            word = _OUTSIDE.sub("", token)
        if word in _EXTENDED:
            extended += count
            strict += count if word in _STRICT else 0
    return strict, extended + sum(len(phrase.findall(lower)) for phrase in _PHRASES)


def question_count(text: str) -> int:
    """Number of question marks that are not inside a word; several in a row count once."""
    return len(_QUESTIONS.findall(text))


def _sum(rows: Mapping[str, Columns], name: str) -> int | None:
    values = [value for row in rows.values() if isinstance(value := row[name], int)]
    return sum(values) if values or not rows else None
