r"""Removal of secrets from URLs in text and JSON: users, passwords, queries, and fragments like `#access_token=…`.


    https://user:password@host/path?Signature=x#page   →   https://host/path
    https://host/path#access_token=x                   →   https://host/path
    https://host/path#page                             →   https://host/path#page

In JSON a URL may contain escapes (`\/`, `\u0026`), with more backslashes inside a string that is itself JSON. It ends
before a blank, a quote, `<`, `>`, a control character and every escape of one of these.

`without_link_secrets` is for text of people, which contains links without a scheme, and passwords beside them.
"""

from __future__ import annotations

import re

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hostnames of this machine in URLs."""


def _escape(*hexadecimal: str) -> str:
    """Returns a pattern for escapes of characters allowed in URLs, except the given ASCII characters."""
    excluded = "|".join(("[01].", "2[02]", "3[ce]", "7f", *hexadecimal))
    return rf"\\++u(?!00(?:{excluded}))[0-9a-f]{{4}}"


# Possessive quantifiers do not backtrack, so that matching takes linear time for every text.
_DELIMITERS = r'\x00-\x20"<>\x7f\\'
_SLASH = r"(?:\\*+/|\\++u002f)"
_ESCAPED_SLASH = r"\\++/"
_COLON = rf":(?!{_SLASH}{{2}})"  # not that of a URL inside this one
_USER = rf"(?:(?:[^{_DELIMITERS}/?#@]++|{_escape('2f', '3f', '23')})*+@)*+"
_PATH = rf"(?:[^{_DELIMITERS}?#:]++|{_COLON}|{_ESCAPED_SLASH}|{_escape('3f', '23')})*+"
_REST = rf"(?:[^{_DELIMITERS}]++|{_ESCAPED_SLASH}|{_escape()})*+"
_NAME = rf"(?:[^{_DELIMITERS}=:]++|{_COLON}|{_ESCAPED_SLASH}|{_escape('3d')})*+"
_QUERY = rf"(?:\?|\\++u003f){_REST}"
_FORM = rf"(?:\#|\\++u0023){_NAME}(?:=|\\++u003d){_REST}"

_URL = re.compile(rf"(:{_SLASH}{{2}}){_USER}({_PATH})(?:{_QUERY}|{_FORM})?+".encode(), re.IGNORECASE)


def without_url_secrets(text: bytes) -> bytes:
    r"""Returns text or JSON without users, queries and tokens in its URLs; everything else is unchanged.

    >>> without_url_secrets(b'{"download_url": "https://host/a.mp4?Signature=x\\u0026Expires=1", "n": 1}')
    b'{"download_url": "https://host/a.mp4", "n": 1}'
    """
    # perf: most documents contain no URLs; this search takes a third of the time of the expression (benchmarks load)
    if b":/" not in text and b":\\" not in text:
        return text
    return _URL.sub(_kept, text)


def _kept(url: re.Match[bytes]) -> bytes:
    # perf: a function takes half the time of a template (benchmarks load)
    return url[1] + url[2]


HIDDEN = "…"
"""What stands in text in the place of a secret."""

# Links without a scheme, such as `zoom.us/j/123?pwd=x`, are not recognised as URLs.
_PARAMETERS = re.compile(r"(?<![?&#])[?&#]++[^\s=?&#]*+=\S*")
_NOUN = r"(?:\b(?:pass(?:word|code|phrase)|passwor[dt]|kennwort|kenncode|pwd|pin|token)|パスワード|パスコード)"
_NAMED = re.compile(
    rf"({_NOUN}(?:\s++(?:is|ist)\b|\s*+[:=\uff1a]))\s*+\S+|({_NOUN})\s++(?=\D{{0,3}}\d{{4}})\S+",
    re.IGNORECASE,
)


def without_link_secrets(text: str) -> str:
    """Text without parameters of links, which need no scheme, and values that the text calls a password or token.

    >>> without_link_secrets("Sync zoom.us/j/812?pwd=x Passcode: 998877"), without_link_secrets("PIN 998877, room 2")
    ('Sync zoom.us/j/812 Passcode: …', 'PIN … room 2')
    """
    return _NAMED.sub(lambda found: f"{found[1] or found[2]} {HIDDEN}", _PARAMETERS.sub("", text))


def printable_url(url: str) -> str:
    """Returns the parts of a URL that are not secret: scheme, host, port and path.

    For an ambiguous URL only the scheme remains. Paths of files remain unchanged.

    >>> printable_url("postgresql+psycopg://me:pa%2Fss@host:5432/meetings?sslpassword=x")
    'postgresql+psycopg://host:5432/meetings'
    >>> printable_url("postgresql://me:my@secret/x@host/meetings"), printable_url("s3://key:a?b@bucket/raw")
    ('postgresql://…', 's3://…')
    >>> printable_url("/srv/meetings@home/raw")
    '/srv/meetings@home/raw'
    """
    scheme, mark, rest = url.partition("://")
    if not mark or scheme in {"sqlite", "file"}:
        return url
    if not is_unambiguous(url):
        return f"{scheme}://…"
    address = re.split(r"[?#]", rest, maxsplit=1)[0]
    authority, slash, path = address.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def is_unambiguous(url: str) -> bool:
    """Whether all URL parsers find the same user, password and host: these contain no unescaped `@ / ? # %`.

    >>> is_unambiguous("postgresql://me:my%40secret%2Fx@host/db"), is_unambiguous("postgresql://me:my@secret/x@host/db")
    (True, False)
    """
    authority, rest = _AUTHORITY.fullmatch(url.partition("://")[2]).groups()  # type: ignore[union-attr]
    user, _, host = authority.rpartition("@")
    port = host.rpartition("]")[2].partition(":")[2]
    return (
        "@" not in rest and "@" not in user and not _LONE_PERCENT.search(authority) and (not port or port.isdecimal())
    )


_AUTHORITY = re.compile(r"([^/?#]*)(.*)", re.DOTALL)
_LONE_PERCENT = re.compile(r"%(?![0-9a-fA-F]{2})")
