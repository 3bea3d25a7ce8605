"""Everything this package raises on purpose, grouped by what to do about it.

MeetingAssetsError
├── SettingsError          fix the setting it names
├── StoreError             the database or the raw store cannot be used; fix it, then run again
├── ApiError               the API did not give what was asked
│   ├── Transient          ask again, after `retry_after_s` if set
│   ├── UrlExpired         get a fresh URL, then ask again
│   │   └── BytesMissing   the same; if a fresh URL does not help, wait ever longer
│   ├── Gone               it will never exist; note that and go on
│   └── Refused            key, region or request is wrong; stop the run
└── PayloadError           quarantine this artifact, go on with the others
"""

from __future__ import annotations


class MeetingAssetsError(Exception):
    """The root of the tree; its text can be shown to a user and never holds a secret."""


class SettingsError(MeetingAssetsError):
    """A setting is missing or wrong; the text names it."""


class StoreError(MeetingAssetsError):
    """The database or the raw store cannot be used as it is; the text says why."""


class ApiError(MeetingAssetsError):
    """The API did not give what was asked."""


class Transient(ApiError):
    """Asking again later may help, at the earliest after `retry_after_s`."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UrlExpired(ApiError):
    """A download URL is no longer accepted; a fresh one may be."""


class BytesMissing(UrlExpired):
    """Nothing is stored behind a download URL (any more)."""


class Gone(ApiError):
    """What was asked for does not exist (any more)."""


class Refused(ApiError):
    """The API does not accept the key, the region or the request."""


class PayloadError(MeetingAssetsError):
    """The bytes of an artifact do not say what they should; the text starts with the place of the fault."""
