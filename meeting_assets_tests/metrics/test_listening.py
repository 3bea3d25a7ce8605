from __future__ import annotations

import unicodedata

import pytest

from meeting_assets.metrics.listening import HUMS, LISTENING_WORDS, is_listening, listening_words

ENGLISH = listening_words(["en"])


@pytest.mark.parametrize(
    "text",
    [
        *("mm-hmm", "Mm-hmm.", "MM HMM", "mmhmm", "Mmmm-hmmm", "mm\u2011hmm", "m-hm", "Mhm,"),
        *("uh-huh", "Uh huh.", "uhhuh", "'Kay.", "\u2019kay", "O.K.", "ok...", "Yeah.", "\u201cYeah\u201d", "(yeah)"),
        *("I see.", "i see", "All right", "alright", "Oh, okay.", "Yeah, yeah, yeah.", "yeah-yeah", "Mm, right. Okay"),
    ],
)
def test_spelling_of_a_listening_word_does_not_matter(text: str) -> None:
    assert is_listening(text, ENGLISH)


@pytest.mark.parametrize(
    "text",
    [
        *("Great.", "Exactly", "Good", "Sure.", "No", "Thanks", "Oh", "Um", "Uh", "Really?", "Fine", "Hello"),
        *("I", "see", "Yeah, but", "I see it", "Right there", "okay 2", "uh-uh", "huh", "y-", "", "...", "2", "ja"),
    ],
)
def test_text_that_says_more_than_i_am_listening_is_no_response(text: str) -> None:
    assert not is_listening(text, ENGLISH)


@pytest.mark.parametrize(("language", "entry"), [(code, one) for code, own in LISTENING_WORDS.items() for one in own])
def test_every_listed_word_is_recognized_in_its_language(language: str, entry: str) -> None:
    words = listening_words([language])

    assert is_listening(entry, words)
    assert is_listening(f"{entry.upper()}!", words)
    assert is_listening(unicodedata.normalize("NFD", entry), words)


def test_seven_languages_of_the_largest_platforms_have_lists() -> None:
    assert LISTENING_WORDS.keys() >= {"en", "de", "fr", "es", "it", "pt", "nl"}


@pytest.mark.parametrize(
    "codes", [["en-US"], ["en_gb"], ["EN"], [" en "], [], [""], ["multi"], ["und", "auto"], ["eng"], ["zxx", "mis"]]
)
def test_english_is_assumed_without_a_language_and_regions_do_not_matter(codes: list[str]) -> None:
    assert listening_words(codes) == ENGLISH


def test_several_languages_have_the_words_of_all() -> None:
    assert listening_words(["en", "de-AT"]) == ENGLISH | listening_words(["de"])
    assert listening_words(["en", "tlh"]) == ENGLISH


def test_language_without_a_list_has_no_listening_words() -> None:
    assert listening_words(["tlh"]) == frozenset()
    assert not is_listening("mm", listening_words(["tlh"]))


@pytest.mark.parametrize(
    ("one", "other"),
    [("deu", "de"), ("ger-DE", "de"), ("fra", "fr"), ("fre", "fr"), ("spa", "es"), ("zho", "zh"), ("dut", "nl")],
)
def test_codes_of_three_letters_have_the_words_of_their_language(one: str, other: str) -> None:
    assert listening_words([one]) == listening_words([other]) != frozenset()


def test_norwegian_has_its_words_under_every_code() -> None:
    assert listening_words(["nb-NO"]) == listening_words(["nn"]) == listening_words(["no"])


@pytest.mark.parametrize("language", LISTENING_WORDS)
def test_hums_belong_to_every_language(language: str) -> None:
    assert all(is_listening(hum, listening_words([language])) for hum in HUMS)


@pytest.mark.parametrize(
    ("codes", "text", "is_one"),
    [
        (["pl"], "No.", True),
        (["en", "pl"], "No.", False),
        (["pl-PL", "es-ES"], "no, no", False),
        (["en", "pl"], "No tak.", True),
        (["pl"], "Tak.", True),
        (["da", "pl"], "Tak.", False),
        (["pl", "de"], "No.", True),
    ],
)
def test_listening_word_that_says_more_in_another_language_of_the_transcript_is_left_out(
    codes: list[str], text: str, is_one: bool
) -> None:
    assert is_listening(text, listening_words(codes)) is is_one
