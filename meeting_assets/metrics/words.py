"""Words, their rate, fillers and questions, all from the primary transcript.

A word is a run of non-blank characters with a letter or digit (`core.words`). Fillers are English: the strict list
holds sounds without other meaning, the extended list adds words that mostly have one. A question is a question mark,
or several in a row, at the end of a word.

    participant   words of that participant; NULL if under `attributed_share`
    meeting       participants + unresolved labels + `unknown`, no bots

>>> question_count("Really?! You saw a?b=1?? Why?")
3
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlmodel import SQLModel

from meeting_assets.core.languages import language_of
from meeting_assets.metrics.airtime import speakers_talk_us
from meeting_assets.metrics.arithmetic import ratio
from meeting_assets.metrics.lineage import IS_UNSPACED, LANGUAGE, SPEECH, TEXTS, WORDS
from meeting_assets.metrics.listening import ENGLISH
from meeting_assets.metrics.meeting import MeetingInput
from meeting_assets.metrics.speech import Columns, SpokenMeeting
from meeting_assets.schema import fields

# With less talk a rate of speech is noise.
WORDS_PER_MINUTE_MIN_TALK_US = 10_000_000
# Below this the engine removes fillers: twenty verbatim transcripts have at least 1.9 per 100 words (docs/metrics.md).
FILLERS_MIN_PER_1000_WORDS = 2
FILLERS_MIN_WORDS = 1_000
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
    """Columns of `participant_metrics`. All are NULL if too few of the transcript's words have a participant."""

    word_count: int | None = fields.count(
        "runs of non-blank characters with a letter or digit in the primary transcript; NULL without a transcript, or "
        "if less than attributed_share of its words have a participant",
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
        "um, uh, er, erm, hmm and mm, standing alone; NULL if the transcript states other languages than English, or "
        "if its engine drops fillers: fewer than 0.2 per 100 words of a transcript with at least 1,000 words",
        derived_from=(*TEXTS, *WORDS, *LANGUAGE),
    )
    fillers_per_100_words: float | None = fields.number(
        "100 * filler_count / word_count (Read.ai's advice is under 4)",
        unit="1/100 words",
        derived_from=(*TEXTS, *WORDS, *LANGUAGE),
    )
    extended_filler_count: int | None = fields.count(
        "filler_count, and sounds and words that can have a meaning: ah, eh, mhm, uhm, like, you know, I mean, "
        "sort of, kind of, basically, actually, literally; NULL as filler_count",
        derived_from=(*TEXTS, *WORDS, *LANGUAGE),
    )
    question_count: int | None = fields.count(
        "sentences that end in a question mark; NULL if the transcript has no punctuation (Gong, Fireflies)",
        derived_from=TEXTS,
    )


class MeetingWords(SQLModel):
    """Columns of `meeting_metrics`."""

    word_count: int | None = fields.count(
        "words of all speakers but bots: participants, unresolved labels and `unknown`; NULL without a transcript",
        derived_from=WORDS,
    )
    words_per_minute: float | None = fields.number(
        "word_count / (speakers_talk_s / 60); NULL under 10 s of talk and in scripts without blanks between words",
        unit="1/min",
        derived_from=(*WORDS, IS_UNSPACED, *SPEECH),
    )
    question_count: int | None = fields.count(
        "questions of the speakers that word_count counts; NULL if the transcript has no punctuation",
        derived_from=TEXTS,
    )


class _SpokenText(NamedTuple):
    """What one speaker says."""

    word_count: int
    text: str


def participant_words(meeting: SpokenMeeting) -> dict[str, Columns]:
    """The columns of `ParticipantWords` for each participant."""
    given = meeting.given
    if given.transcript_id is None or not meeting.are_words_attributed:
        return {key: dict.fromkeys(ParticipantWords.model_fields) for key in meeting.people}
    spoken = _spoken_texts(meeting)
    own = {key: spoken.get(key, _SpokenText(0, "")) for key in meeting.people}
    fillers = _fillers(given, spoken)
    is_rated = meeting.is_speech_attributed and not given.is_unspaced
    total = 0 if given.is_unspaced else sum(each.word_count for each in own.values())
    is_punctuated = _is_punctuated(given)
    rows: dict[str, Columns] = {}
    for key, (count, text) in own.items():
        strict, extended = (None, None) if fillers is None else fillers.get(key, (0, 0))
        rows[key] = {
            "word_count": count,
            "word_share": ratio(count, total),
            "words_per_minute": words_per_minute(count, meeting.talk_us.get(key, 0)) if is_rated else None,
            "filler_count": strict,
            "fillers_per_100_words": None if strict is None else ratio(100 * strict, count),
            "extended_filler_count": extended,
            "question_count": question_count(text) if is_punctuated else None,
        }
    return rows


def meeting_words(meeting: SpokenMeeting) -> Columns:
    """The columns of `MeetingWords`.

    Words and talk are those of all speakers but bots, on both sides of the rate: the same speech can be `unknown` in
    one source and have a participant in another.
    """
    given = meeting.given
    if given.transcript_id is None:
        return dict.fromkeys(MeetingWords.model_fields)
    spoken = _spoken_texts(meeting).values()
    count = sum(each.word_count for each in spoken)
    return {
        "word_count": count,
        "words_per_minute": None if given.is_unspaced else words_per_minute(count, speakers_talk_us(meeting)),
        "question_count": sum(question_count(each.text) for each in spoken) if _is_punctuated(given) else None,
    }


def _spoken_texts(meeting: SpokenMeeting) -> dict[str, _SpokenText]:
    """What each speaker but bots says, of those who say something."""
    counts: Counter[str] = Counter()
    texts: dict[str, list[str]] = defaultdict(list)
    for key, _, count, text in meeting.given.utterances:
        if key not in meeting.bot_keys:
            counts[key] += count
            texts[key].append(text)
    return {key: _SpokenText(counts[key], "\n".join(own)) for key, own in texts.items()}


def _is_punctuated(meeting: MeetingInput) -> bool:
    return any(_PUNCTUATION.search(text) for _, _, _, text in meeting.utterances)


def _fillers(meeting: MeetingInput, spoken: Mapping[str, _SpokenText]) -> dict[str, tuple[int, int]] | None:
    """Fillers of each speaker by the strict and the extended list; None if the transcript cannot show them."""
    if meeting.is_unspaced or not may_be_english(meeting.language_codes):
        return None
    counts = {key: filler_counts(each.text) for key, each in spoken.items()}
    strict, words = sum(each for each, _ in counts.values()), sum(each.word_count for each in spoken.values())
    return None if drops_fillers(strict, words) else counts


def drops_fillers(filler_count: int, word_count: int) -> bool:
    """Whether a transcript has so few fillers of the strict list that its engine must have removed them.

    >>> drops_fillers(1, 1000), drops_fillers(2, 1000), drops_fillers(0, 999)
    (True, False, False)
    """
    return word_count >= FILLERS_MIN_WORDS and 1000 * filler_count < FILLERS_MIN_PER_1000_WORDS * word_count


def may_be_english(language_codes: Iterable[str]) -> bool:
    """Whether a transcript of these languages can have English fillers: `er` and `um` are words in German.

    True without codes, and if one of them states no language, such as `multi`.

    >>> [may_be_english(codes) for codes in (["en-US"], ["de"], ["de", "en"], ["multi"], [])]
    [True, False, True, True, True]
    """
    languages = {language_of(code) for code in language_codes}
    return not languages or not languages.isdisjoint({None, ENGLISH})


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
