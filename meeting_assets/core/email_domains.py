"""Domains of e-mail addresses in a form in which equal domains are equal texts, for comparison with own domains.

Letters are lower-case and Unicode, whether the domain is written in Unicode or in Punycode (`xn--…`):

>>> comparable_domain("Bücher.Example"), comparable_domain("xn--bcher-kva.example.")
('bücher.example', 'bücher.example')

Look-alikes remain different domains: another ending, a letter of another script, or Punycode of plain ASCII, which no
registry accepts.

>>> comparable_domain("xn--example-.com") is None
True
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_LONGEST_LABEL, _LONGEST_DOMAIN = 63, 253
_PUNYCODE = "xn--"
# Punctuation that IDNA 2008 permits inside a label: hyphen, joiners, and signs of Catalan, Greek, Hebrew and Japanese.
_PERMITTED = frozenset("-\u200c\u200d\u00b7\u0375\u05f3\u05f4\u30fb")


def comparable_domain(text: str) -> str | None:
    """Returns the comparable form of a domain; None if the text is no domain of two or more labels."""
    given = _mapped(text.strip()).removesuffix(".").split(".")
    labels = [label for each in given if (label := _unicode_label(each)) is not None]
    if len(labels) != len(given) or len(labels) < 2 or labels[-1].isdigit():
        return None
    return ".".join(labels) if len(".".join(map(_ascii_label, labels))) <= _LONGEST_DOMAIN else None


def domain_of(address: str) -> str | None:
    """Returns the comparable domain of an e-mail address; None if the text is no address.

    >>> domain_of("Ada+notes@Mail.EXAMPLE.com"), domain_of("Ada")
    ('mail.example.com', None)
    """
    local, _, domain = address.rpartition("@")
    return comparable_domain(domain) if local else None


def is_within(domain: str, own_domains: Iterable[str]) -> bool:
    """Whether a domain is one of others or a subdomain of one; all are in comparable form.

    >>> [is_within(each, ["example.com"]) for each in ("example.com", "mail.example.com", "notexample.com")]
    [True, True, False]
    """
    return any(domain == own or domain.endswith(f".{own}") for own in own_domains)


def _mapped(text: str) -> str:
    """Maps compatibility forms, capitals and the ideographic full stop, as browsers do."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower()).replace("\u3002", ".")


def _unicode_label(label: str) -> str | None:
    """One label in Unicode; None if a domain cannot have it."""
    decoded = label
    if label.startswith(_PUNYCODE):
        try:
            decoded = label.removeprefix(_PUNYCODE).encode("ascii").decode("punycode")
        except UnicodeError:
            return None
        # Otherwise `xn--example-`, another name, would become `example`.
        if _mapped(decoded) != decoded or _ascii_label(decoded) != label:
            return None
    return decoded if _is_label(decoded) else None


def _is_label(label: str) -> bool:
    has_only_permitted = all(unicodedata.category(each)[0] in "LMN" or each in _PERMITTED for each in label)
    has_edges = label[:1] not in {"", "-"} and label[-1] != "-"
    return has_only_permitted and has_edges and len(_ascii_label(label)) <= _LONGEST_LABEL


def _ascii_label(label: str) -> str:
    return label if label.isascii() else _PUNYCODE + label.encode("punycode").decode("ascii")
