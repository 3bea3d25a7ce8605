"""The exceptions of this package, grouped by the required reaction.

MeetingAssetsError
├── UsageError             correct the arguments of the command
├── SettingsError          fix the setting it names
├── CommandRefused         remove the obstacle that it names, such as another process, or confirm
├── StoreError             the database or the raw store is not usable; fix it, then run again
│   ├── StoreRefused       it is usable, but not with this version, setting or role; a retry does not help
│   ├── TransactionLost    retry the whole transaction
│   ├── NotPublished       pages and exports are not written; continue with everything else
│   └── NothingStored      a read-only command has nothing to show; report that and exit
├── ApiError               a request to the API failed
│   ├── Transient          retry, after `retry_after_s` if set
│   ├── UrlExpired         get a fresh URL, then retry
│   │   └── BytesMissing   the same; if a fresh URL does not help, retry at increasing intervals
│   ├── Gone               the object does not exist; record that and continue
│   ├── ObjectRefused      the API refuses this object; record that and continue with the others
│   ├── TooLarge           this download exceeds its limit; record that, retry at the longest interval
│   └── Refused            the API refuses the key, the region or a list; stop the run
│       └── ListRefused    the API does not offer this list; continue if the list is optional
└── PayloadError           quarantine this artifact, continue with the others
    └── UnreadableMediaError  keep the media file, record the error beside it
"""

from __future__ import annotations


class MeetingAssetsError(Exception):
    """The base class. Messages can be shown to users and contain no secrets."""


class UsageError(MeetingAssetsError):
    """The arguments of a command are wrong, or name nothing that exists."""


class SettingsError(MeetingAssetsError):
    """A setting is missing or invalid; the message names it."""


class CommandRefused(MeetingAssetsError):
    """The command changed nothing: it was not confirmed, or another process is in its way."""


class StoreError(MeetingAssetsError):
    """The database or the raw store is not usable; the message states the reason."""


class StoreRefused(StoreError):
    """The database or the raw store belongs to another version, API or store, or the role lacks a grant."""


class TransactionLost(StoreError):
    """A deadlock, a time-out or an outage ended a transaction. The same transaction may succeed later."""

    is_retried = False
    """True after retries were exhausted, so that outer functions do not retry again."""


class NotPublished(StoreError):
    """The publications store is not usable; the meetings themselves are stored."""


class NothingStored(StoreError):
    """The database does not exist or has none of our tables, and this command creates none."""


class ApiError(MeetingAssetsError):
    """A request to the API failed."""


class Transient(ApiError):
    """A retry may succeed, at the earliest after `retry_after_s`."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UrlExpired(ApiError):
    """A download URL is no longer valid; a fresh one may be."""


class BytesMissing(UrlExpired):
    """A download URL is valid, but its object does not exist."""


class Gone(ApiError):
    """The requested object does not exist, or no longer exists."""


class ObjectRefused(ApiError):
    """The API refuses a request for one object; requests for other objects are unaffected."""


class TooLarge(ApiError):
    """A download exceeds the size limit after decompression; it was aborted."""


class Refused(ApiError):
    """The API refuses the key, the region or the request for a list."""


class ListRefused(Refused):
    """The API has no such list, or does not offer it to this key; other lists are unaffected."""


class PayloadError(MeetingAssetsError):
    """The bytes of an artifact violate its wire format; the message starts with the place of the fault."""


class UnreadableMediaError(PayloadError):
    """A media file cannot be read or converted; the message starts with the place of the fault."""


def bug_message(error: Exception) -> str:
    """Describes an unexpected exception by its class alone: its text may quote a meeting or a message."""
    return f"unexpected {type(error).__name__}; this is a fault of meeting_assets, please report it"
