"""Verifies webhook signatures (Standard Webhooks).

A signature is an HMAC-SHA256 over the message's id, its time and its raw body. It is sent in headers `webhook-…` or
`svix-…`, and any of several secrets may have made it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

from standardwebhooks import Webhook, WebhookVerificationError

PREFIXES = ("webhook", "svix")

_ID = re.compile(r"[!-~]{1,255}")
# The library fails on an entry of another form, even if a valid signature follows.
_SIGNATURE = re.compile(r"v1,[A-Za-z0-9+/]{43}=")


class SignatureStatus(StrEnum):
    """Result of a signature check."""

    GENUINE = "genuine"
    UNSIGNED = "unsigned"
    FORGED = "forged"
    STALE = "stale"
    """More than five minutes old or early: it may be a replay of a genuine message."""


class WebhookVerifier:
    """Checks messages against secrets; one matching secret is enough."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._keys = [Webhook(secret) for secret in secrets]

    def verify(self, headers: Mapping[str, str], body: bytes) -> tuple[SignatureStatus, str]:
        """The best status that any of the secrets gives, and the id that all deliveries of the message share.

        The id of an unsigned message is empty.
        """
        signed = _signature_headers(headers)
        if signed is None:
            return SignatureStatus.UNSIGNED, ""
        found = {_status(key, signed, body) for key in self._keys}
        best_first = (SignatureStatus.GENUINE, SignatureStatus.STALE, SignatureStatus.FORGED)
        return next(each for each in best_first if each in found), signed["webhook-id"]


def _signature_headers(headers: Mapping[str, str]) -> dict[str, str] | None:
    """Id, time and signatures under the names that the library expects."""
    for prefix in PREFIXES:
        found = {f"webhook-{name}": headers.get(f"{prefix}-{name}", "") for name in ("id", "timestamp", "signature")}
        if all(found.values()) and _ID.fullmatch(found["webhook-id"]):
            return found
    return None


def _status(key: Webhook, headers: Mapping[str, str], body: bytes) -> SignatureStatus:
    signatures = " ".join(each for each in headers["webhook-signature"].split() if _SIGNATURE.fullmatch(each))
    try:
        # The library skips version 0. Given an empty header, it would not check the time.
        key.verify(body, {**headers, "webhook-signature": signatures or "v0,"}, json_parse=False)
    except WebhookVerificationError as error:
        return SignatureStatus.STALE if "timestamp too" in str(error) else SignatureStatus.FORGED
    except UnicodeDecodeError:
        return SignatureStatus.FORGED
    return SignatureStatus.GENUINE
