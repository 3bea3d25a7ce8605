"""Everything this package raises on purpose, grouped by what to do about it.

MeetingAssetsError
├── SettingsError          fix the setting it names
├── StoreError             the database or the raw store cannot be used; fix it, then run again
│   ├── TransactionLost    run the whole transaction again
│   └── NothingStored      a command that only reads has nothing to show; say so and end
├── ApiError               the API did not give what was asked
│   ├── Transient          ask again, after `retry_after_s` if set
│   ├── UrlExpired         get a fresh URL, then ask again
│   │   └── BytesMissing   the same; if a fresh URL does not help, wait ever longer
│   ├── Gone               it will never exist; note that and go on
│   ├── ObjectRefused      this one object is not given; note that and go on with the others
│   ├── TooLarge           this one download exceeds its limit; note that, retry at the longest interval
│   └── Refused            key or region is wrong, or a list is refused; stop the run
└── PayloadError           quarantine this artifact, go on with the others
"""

from __future__ import annotations


class MeetingAssetsError(Exception):
    """The root of the tree; its text can be shown to a user and never holds a secret."""


class SettingsError(MeetingAssetsError):
    """A setting is missing or wrong; the text names it."""


class StoreError(MeetingAssetsError):
    """The database or the raw store cannot be used as it is; the text says why."""


class TransactionLost(StoreError):
    """A transaction was ended by a deadlock, a time-out or an outage; the same transaction may succeed later."""

    is_retried = False
    """True once it was tried again in vain, so that no caller starts over."""


class NothingStored(StoreError):
    """There is no database yet, or none of our tables in it, and this command creates none."""


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


class ObjectRefused(ApiError):
    """The API refuses a call about one object; calls about other objects are not affected."""


class TooLarge(ApiError):
    """A download is larger than the limit, after decompression; reading stopped there."""


class Refused(ApiError):
    """The API does not accept the key, the region or the request for a list."""


class PayloadError(MeetingAssetsError):
    """The bytes of an artifact do not say what they should; the text starts with the place of the fault."""
