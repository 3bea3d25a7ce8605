"""What was said, in numbers: words, their rate, fillers, questions. All from the primary transcript.

A word is a run of non-blank characters with a letter or digit (`core.words`). Fillers are of English: the strict list
holds sounds that mean nothing else, the extended one also words that mostly mean something. A question is a question
mark, or several, at the end of a word.

>>> question_count("Really?! You saw a?b=1?? Why?")
3
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import groupby
from operator import itemgetter

from sqlmodel import Field, SQLModel

from meeting_assets.core.words import word_count
from meeting_assets.metrics.arithmetic import ratio
from meeting_assets.metrics.lineage import IS_UNSPACED, SPEECH, TEXTS, WORDS
from meeting_assets.metrics.meeting import Word
from meeting_assets.metrics.speech import Columns, SpokenMeeting
from meeting_assets.metrics.timeline.intervals import Interval, clipped, joined, merged, microseconds, seconds
from meeting_assets.schema.lineage import derived_from

# Under it a rate of speech is noise.
WORDS_PER_MINUTE_MIN_TALK_US = 10_000_000
# What a transcript's texts hold if its provider writes punctuation at all.
_PUNCTUATION = re.compile(r"[.?!\u2026\u3002\uff1f\uff01\u061f]")
_QUESTIONS = re.compile(r"\?+(?!\w)|[\uff1f\u061f]+")
# What words are made of here: `uh-huh` and `'em` are one.
_EDGE = r"[\w'\u2019-]"
_OUTSIDE = re.compile(rf"^(?:(?!{_EDGE}).)+|(?:(?!{_EDGE}).)+$")
_STRICT = frozenset({"um", "uh", "er", "erm", "hmm", "mm"})
_EXTENDED = _STRICT | {"umm", "uhm", "uhh", "ah", "eh", "mhm", "like", "basically", "actually", "literally"}
_PHRASES = [
    # The plain text comes first, so that the search can leap to where it stands.
    re.compile(rf"{phrase}(?<!{_EDGE}{phrase})(?!{_EDGE})")
    for phrase in ("you know", "i mean", "sort of", "kind of")
]


class ParticipantWords(SQLModel):
    """Columns of `participant_metrics`."""

    word_count: int | None = Field(
        description="runs of non-blank characters with a letter or digit in the primary transcript; "
        "NULL without a transcript",
        sa_column_kwargs=derived_from(*WORDS),
    )
    word_share: float | None = Field(
        description="0-1; word_count / sum of word_count over the meeting's participants; "
        "NULL in scripts without blanks between words",
        sa_column_kwargs=derived_from(*WORDS, IS_UNSPACED),
    )
    words_per_minute: float | None = Field(
        description="1/min; word_count / (talk_time_s / 60); NULL under 10 s of talk and in scripts without "
        "blanks between words (130-175 is Read.ai's band, AMI has 145-190)",
        sa_column_kwargs=derived_from(*WORDS, IS_UNSPACED, *SPEECH),
    )
    filler_count: int | None = Field(
        description="um, uh, er, erm, hmm and mm, standing alone; English only",
        sa_column_kwargs=derived_from(*TEXTS, IS_UNSPACED),
    )
    fillers_per_100_words: float | None = Field(
        description="1/100 words; 100 * filler_count / word_count (Read.ai's advice is under 4)",
        sa_column_kwargs=derived_from(*TEXTS, *WORDS, IS_UNSPACED),
    )
    extended_filler_count: int | None = Field(
        description="filler_count, and what may mean something elsewhere: ah, eh, mhm, uhm, like, you know, I mean, "
        "sort of, kind of, basically, actually, literally; English only",
        sa_column_kwargs=derived_from(*TEXTS, IS_UNSPACED),
    )
    question_count: int | None = Field(
        description="sentences that end in a question mark; NULL if the transcript has no punctuation "
        "(Gong, Fireflies)",
        sa_column_kwargs=derived_from(*TEXTS),
    )


class MeetingWords(SQLModel):
    """Columns of `meeting_metrics`."""

    word_count: int | None = Field(
        description="sum of word_count over the participants", sa_column_kwargs=derived_from(*WORDS)
    )
    words_per_minute: float | None = Field(
        description="1/min; word_count / (sum of talk_time_s / 60); NULL as that of participants is",
        sa_column_kwargs=derived_from(*WORDS, IS_UNSPACED, *SPEECH),
    )
    question_count: int | None = Field(
        description="sum of question_count over the participants", sa_column_kwargs=derived_from(*TEXTS)
    )


class WordTimes:
    """Timed units by when they were said. In them lies nearly all the time that metrics take: one pass, no copies."""

    def __init__(self, words: Sequence[Word], gap_s: float) -> None:
        self._words = words
        self.untimed = 0
        """Units that lack a start or an end."""
        self.nonpositive = 0
        """Units that end no later than they start."""
        self.runs: list[tuple[float, float]] = []
        """Stretches with words, in seconds: consecutive units joined where less than `gap_s` lies between."""
        since, until = 0.0, -gap_s
        for _, start_s, end_s, _ in words:
            if start_s is None or end_s is None:
                self.untimed += 1
            elif end_s <= start_s:
                self.nonpositive += 1
            elif since <= start_s and start_s - until < gap_s:
                if end_s > until:
                    until = end_s
            else:
                self.runs.append((since, until))
                since, until = start_s, end_s
        self.runs.append((since, until))

    def spoken(self, gap_us: int, end_us: int) -> list[Interval]:
        """When words were said inside a recording, by whomever, joined over gaps shorter than `gap_us`."""
        in_us = ((microseconds(start_s), microseconds(end_s)) for start_s, end_s in self.runs)
        return clipped(joined(merged(each for each in in_us if each[0] < each[1]), gap_us), start=0, end=end_us)

    @property
    def are_there(self) -> bool:
        """Whether there is any timed unit."""
        return bool(self._words)

    def within(self, stretch: tuple[int, int, str]) -> int:
        """How many words a speaker began to say in a stretch of time, given as start, end and speaker."""
        start_us, end_us, speaker = stretch
        starts, units = self._by_speaker.get(speaker, ((), ()))
        # Times may be given finer than a microsecond.
        first = bisect_left(starts, seconds(start_us) - 5e-7)
        last = bisect_left(starts, seconds(end_us) - 5e-7)
        return sum([word_count(text) for _, _, _, text in units[first:last]])

    @cached_property
    def _by_speaker(self) -> dict[str, tuple[list[float], list[Word]]]:
        """Each speaker's units in order, with their starts."""
        units: dict[str, list[Word]] = defaultdict(list)
        for key, of_speaker in groupby(self._words, itemgetter(0)):
            units[key].extend(of_speaker)
        found: dict[str, tuple[list[float], list[Word]]] = {}
        for key, of_key in units.items():
            timed = sorted([unit for unit in of_key if unit[1] is not None], key=itemgetter(1))
            found[key] = [start_s for _, start_s, _, _ in timed if start_s is not None], timed
        return found


def participant_words(meeting: SpokenMeeting) -> dict[str, Columns]:
    """The columns of `ParticipantWords` for each of the people."""
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
    """Words per minute of own talk, None where there is too little of it to tell.

    >>> words_per_minute(50, 20_000_000)
    150.0
    """
    return None if talk_us < WORDS_PER_MINUTE_MIN_TALK_US else 60_000_000 * count / talk_us


def filler_counts(text: str) -> tuple[int, int]:
    """Fillers of the strict and of the extended list, that stand alone: `uh-huh` and `mm-hmm` are answers.

    >>> filler_counts("Um, so, uh-huh, I er ... mm-hmm, you know")
    (2, 3)
    """
    lower = text.lower()
    strict = extended = 0
    # There are many words and few different ones.
    for token, count in Counter(lower.split()).items():
        word = token
        # An expression takes longer than to see that there is nothing to cut off.
        if not (token[0].isalnum() and token[-1].isalnum()) and token not in _EXTENDED:
            word = _OUTSIDE.sub("", token)
        if word in _EXTENDED:
            extended += count
            strict += count if word in _STRICT else 0
    return strict, extended + sum(len(phrase.findall(lower)) for phrase in _PHRASES)


def question_count(text: str) -> int:
    """Question marks, several in a row counted once, that are not inside a word."""
    return len(_QUESTIONS.findall(text))


def _sum(rows: Mapping[str, Columns], name: str) -> int | None:
    values = [value for row in rows.values() if isinstance(value := row[name], int)]
    return sum(values) if values or not rows else None
