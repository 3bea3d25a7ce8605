"""Download URLs with a limited lifetime, signed anew in each response of the API.

    JSON artifacts  /api/v1/download/KIND?token=BASE64URL({"id": …}):BASE62 TIME:SIGNATURE
    media files     /_workspace-…/FILE?X-Amz-Algorithm=…&X-Amz-Credential=…&X-Amz-Date=…&X-Amz-Expires=SECONDS
                        &X-Amz-Security-Token=…&X-Amz-SignedHeaders=host&X-Amz-Signature=…
    older ones      /_workspace-…/FILE?AWSAccessKeyId=…&Signature=…&x-amz-security-token=…&Expires=UNIX

Each signature contains the sandbox's marker, so that tests can search logs and tables for leaks.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from typing import Literal
from urllib.parse import quote

from .clock import Clock
from .stats import Stats

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LIFETIME_S = 6 * 3600.0
MEDIA_PREFIX = "/_workspace-sandbox/"
ACCESS_KEY = "ASIASANDBOX7MEETINGS"
AMAZON_DATE = "%Y%m%dT%H%M%SZ"


class ExpiredUrlError(Exception):
    """The URL was valid once."""


class ForgedUrlError(Exception):
    """The URL was never signed by this sandbox."""


def base62(number: int) -> str:
    """A number in base 62, as in the timestamps of Django's signatures.

    >>> base62(61), base62(62)
    ('z', '10')
    """
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits or "0"


def token_id(token: str) -> str:
    """The artifact id inside a token."""
    encoded = token.partition(":")[0]
    try:
        return str(json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))["id"])
    except (ValueError, TypeError, KeyError) as error:
        raise ForgedUrlError from error


class UrlSigner:
    """Signs and checks the URLs of one sandbox."""

    def __init__(self, clock: Clock, stats: Stats, *, marker: str, secret: bytes) -> None:
        self.origin = ""
        self.lifetime_s = LIFETIME_S
        self.signature_version: Literal[2, 4] = 4
        """Version of AWS signatures in URLs of media files."""
        self._clock = clock
        self._stats = stats
        self._marker = marker
        self._secret = secret
        self._serial = count(1)
        self._first_valid = 1
        self._expired: set[int] = set()
        self._session = quote(f"IQoJb3JpZ2luX2VjE{marker}//////////wEaCXVzLWVhc3QtMSJHMEUCIQ==", safe="")

    def token_url(self, kind: str, artifact_id: str) -> str:
        encoded_id = urlsafe_b64encode(f'{{"id":"{artifact_id}"}}'.encode())
        unsigned = f"{encoded_id.decode().rstrip('=')}:{base62(int(self._clock.now().timestamp()))}"
        signature = self._signed(f"{kind}/{unsigned}")
        return f"{self.origin}/api/v1/download/{kind}?token={unsigned}:{signature}"

    def file_url(self, path: str) -> str:
        now = self._clock.now()
        if self.signature_version == 4:
            date, lifetime = now.strftime(AMAZON_DATE), int(self.lifetime_s)
            credential = quote(f"{ACCESS_KEY}/{date[:8]}/us-west-2/s3/aws4_request", safe="")
            return (
                f"{self.origin}{path}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={date}"
                f"&X-Amz-Expires={lifetime}&X-Amz-Security-Token={self._session}&X-Amz-SignedHeaders=host"
                f"&X-Amz-Signature={self._signed(f'{path}/{date}/{lifetime}')}"
            )
        expires = int(now.timestamp() + self.lifetime_s)
        signature = quote(self._signed(f"{path}/{expires}") + "=", safe="")
        return (
            f"{self.origin}{path}?AWSAccessKeyId={ACCESS_KEY}&Signature={signature}"
            f"&x-amz-security-token={self._session}&Expires={expires}"
        )

    def expire_all(self) -> None:
        """Expires all URLs signed so far."""
        self._first_valid = next(self._serial)

    def expire(self, query: Mapping[str, str]) -> None:
        """Expires the URL of a media file with this query; other URLs of the file stay valid."""
        self._expired.add(self._unix(_file_signature(query).split("-", 2)[1]))

    def check_token(self, kind: str, token: str) -> str:
        """Id of the token's artifact; raises `ExpiredUrlError` or `ForgedUrlError`."""
        unsigned, _, signature = token.rpartition(":")
        serial = self._serial_of(f"{kind}/{unsigned}", signature)
        issued_s = self._unix(unsigned.rpartition(":")[2])
        self._check_age(serial, issued_s + self.lifetime_s)
        return token_id(token)

    def check_file(self, path: str, query: Mapping[str, str]) -> None:
        """Raises `ExpiredUrlError` or `ForgedUrlError` unless the URL of a media file is valid."""
        if "X-Amz-Signature" in query:
            date, lifetime = query.get("X-Amz-Date", ""), query.get("X-Amz-Expires", "")
            serial = self._serial_of(f"{path}/{date}/{lifetime}", _file_signature(query))
            issued_at = datetime.strptime(date, AMAZON_DATE).replace(tzinfo=UTC)
            self._check_age(serial, issued_at.timestamp() + float(lifetime))
            return
        expires = query.get("Expires", "")
        serial = self._serial_of(f"{path}/{expires}", _file_signature(query))
        self._check_age(serial, float(expires))

    def _signed(self, message: str) -> str:
        """Signature with marker, serial number (so that no two URLs are equal) and MAC."""
        self._stats.urls_minted += 1
        return self._signature(message, next(self._serial))

    def _signature(self, message: str, serial: int) -> str:
        mac = hmac.digest(self._secret, f"{serial}/{message}".encode(), sha256)
        return f"{self._marker}-{base62(serial)}-{urlsafe_b64encode(mac[:15]).decode()}"

    def _serial_of(self, message: str, signature: str) -> int:
        try:
            serial = self._unix(signature.split("-", 2)[1])
        except (IndexError, ValueError) as error:
            raise ForgedUrlError from error
        if not hmac.compare_digest(self._signature(message, serial).encode(), signature.encode()):
            raise ForgedUrlError
        return serial

    def _check_age(self, serial: int, valid_until_s: float) -> None:
        is_withdrawn = serial < self._first_valid or serial in self._expired
        if is_withdrawn or self._clock.now().timestamp() >= valid_until_s:
            raise ExpiredUrlError

    @staticmethod
    def _unix(digits: str) -> int:
        number = 0
        for digit in digits:
            number = number * 62 + BASE62.index(digit)
        return number


def _file_signature(query: Mapping[str, str]) -> str:
    return query.get("X-Amz-Signature") or query.get("Signature", "").rstrip("=")


def file_label(path: str) -> tuple[str, str]:
    """Kind and id of a media file: of a part, or of a mixed artifact."""
    segments = path.split("/")
    collection, artifact_id = segments[4], segments[5]
    if collection.endswith("_separate"):
        return collection.replace("_separate", "_part"), segments[-1].partition(".")[0]
    return collection, artifact_id


def expired_xml(now: datetime) -> bytes:
    """Body of S3's 403 response to an expired URL."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code>'
        "<Message>Request has expired</Message>"
        f"<ServerTime>{now:%Y-%m-%dT%H:%M:%SZ}</ServerTime></Error>"
    ).encode()


def error_xml(code: str, message: str) -> bytes:
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode()
