from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.core.email_domains import comparable_domain, domain_of, is_within

SPELLINGS = [
    ("example.com", "EXAMPLE.Com"),
    ("example.com", " example.com. "),
    ("example.com", "ｅｘａｍｐｌｅ.com"),
    ("example.com", "example。com"),
    ("bücher.example", "xn--bcher-kva.example"),
    ("bücher.example", "XN--BCHER-KVA.example"),
    ("bücher.example", "BU\u0308CHER.example"),
    ("straße.example", "xn--strae-oqa.example"),
    ("उदाहरण.भारत", "xn--p1b6ci4b4b3a.xn--h2brj9c"),
]
LOOK_ALIKES = [
    ("example.com", "notexample.com"),
    ("example.com", "example.com.evil.example"),
    ("example.com", "example.co"),
    ("example.com", "еxample.com"),
    ("example.com", "exam\u200cple.com"),
    ("strasse.example", "straße.example"),
]
NO_DOMAINS = ["", ".", "com", "a..com", ".com", "-a.com", "a-.com", "a b.com", "a_b.com", "192.0.2.1", "a.com:25"]
NO_DOMAINS += ["xn--example-.com", "xn--\u00e9.com", "xn--99999999.com", f"{'ab.' * 100}com", "a@b.com"]
NO_DOMAINS += [f"xn--{each.encode('punycode').decode()}.com" for each in ("bÜcher", "ﬁüm")]


@pytest.mark.parametrize(("domain", "spelling"), SPELLINGS)
def test_spellings_of_one_domain_are_equal(domain: str, spelling: str) -> None:
    assert comparable_domain(spelling) == comparable_domain(domain) == domain


@pytest.mark.parametrize(("domain", "other"), LOOK_ALIKES)
def test_look_alike_is_another_domain_and_no_subdomain(domain: str, other: str) -> None:
    found = comparable_domain(other)

    assert found is not None
    assert not is_within(found, [domain])


@pytest.mark.parametrize("text", NO_DOMAINS)
def test_text_that_no_registry_accepts_is_no_domain(text: str) -> None:
    assert comparable_domain(text) is None


@pytest.mark.parametrize(("length", "is_domain"), [(63, True), (64, False)])
def test_label_has_at_most_63_characters(length: int, is_domain: bool) -> None:
    assert (comparable_domain(f"{'a' * length}.example") is not None) == is_domain


@pytest.mark.parametrize(("length", "is_domain"), [(253, True), (254, False)])
def test_domain_has_at_most_253_characters(length: int, is_domain: bool) -> None:
    text = ("a." * 126 + "example" + "e" * 10)[-length:].lstrip(".")
    text = "a" * (length - len(text)) + text

    assert len(text) == length
    assert (comparable_domain(text) is not None) == is_domain


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("ada@example.com", "example.com"),
        ("Ada+notes@Mail.Example.COM", "mail.example.com"),
        ('"ada@home"@example.com', "example.com"),
        ("ädå@bücher.example", "bücher.example"),
        ("@example.com", None),
        ("ada", None),
        ("ada@", None),
        ("ada@localhost", None),
        ("Ada <ada@example.com>", None),
    ],
)
def test_domain_of_an_address_follows_its_last_at_sign(address: str, domain: str | None) -> None:
    assert domain_of(address) == domain


@given(st.text(max_size=30) | st.from_regex(r"xn--[a-z0-9-]{1,12}\.com", fullmatch=True))
def test_comparable_form_of_any_text_is_its_own_comparable_form(text: str) -> None:
    domain = comparable_domain(text)

    assert domain is None or comparable_domain(domain) == domain
