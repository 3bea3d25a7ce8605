"""Object stores: S3, Google Cloud Storage and Azure Blob Storage, configured by their standard environment variables.

Without credentials, the client would ask the metadata service of a cloud machine (169.254.169.254). Outside of a cloud
that address is unused or belongs to a stranger, so it is asked only with `MEETING_ASSETS_INSTANCE_CREDENTIALS=on`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from obstore import parse_scheme
from obstore.store import ObjectStore, from_url

from meeting_assets.core.errors import StoreError

MAX_RETRIES = 4
RETRY_WITHIN = timedelta(seconds=20)
"""The client retries by itself. With its timeouts (5 s to connect, 30 s per request), an operation on an unreachable
store fails after about 30 s."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """The environment variables that configure the client of one kind of object store."""

    name: str
    credentials: tuple[str, ...]
    """Each of these variables provides credentials."""
    others: tuple[str, ...]
    advice: str
    credentials_file: str | None = None
    """A file below the user's home in which the client finds credentials without a variable."""

    @property
    def variables(self) -> tuple[str, ...]:
        return self.credentials + self.others

    @property
    def has_credentials(self) -> bool:
        file = self.credentials_file
        return any(os.environ.get(name) for name in self.credentials) or bool(file and (Path.home() / file).is_file())


CLOUDS = {
    "s3": Cloud(
        "S3",
        (
            *("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_SKIP_SIGNATURE"),
            *("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        ),
        (
            *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ROLE_ARN"),
            *("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"),
            *("AWS_ALLOW_HTTP", "AWS_VIRTUAL_HOSTED_STYLE_REQUEST"),
        ),
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (profiles of ~/.aws are not read)",
    ),
    "gcs": Cloud(
        "Google Cloud Storage",
        (
            *("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH"),
            *("GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_BEARER_TOKEN", "GOOGLE_SKIP_SIGNATURE"),
        ),
        ("GOOGLE_BASE_URL",),
        "GOOGLE_APPLICATION_CREDENTIALS",
        ".config/gcloud/application_default_credentials.json",
    ),
    "azure": Cloud(
        "Azure Blob Storage",
        (
            *("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_MASTER_KEY"),
            *("AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_SAS_KEY", "AZURE_STORAGE_TOKEN"),
            *("AZURE_STORAGE_CLIENT_SECRET", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"),
            *("AZURE_USE_AZURE_CLI", "AZURE_SKIP_SIGNATURE", "AZURE_STORAGE_USE_EMULATOR"),
        ),
        (
            *("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_CLIENT_ID", "AZURE_STORAGE_TENANT_ID"),
            *("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_STORAGE_ENDPOINT", "AZURE_ALLOW_HTTP"),
        ),
        "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
    ),
}
CAUSES = (
    ("NoSuchBucket", "the bucket does not exist"),
    ("SignatureDoesNotMatch", "the secret key is wrong"),
    ("InvalidAccessKeyId", "the access key is unknown"),
    ("403 Forbidden", "access is denied; check the credentials and their permissions"),
    ("401 Unauthorized", "the credentials are not accepted"),
    ("BadScheme", "the endpoint is an http:// URL, which needs AWS_ALLOW_HTTP=true (or its equivalent)"),
    ("Missing SecretAccessKey", "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not"),
    ("TimedOut", "it did not answer in time"),
    ("kind: Timeout", "it did not answer in time"),
    ("kind: Connect", "no connection to its endpoint"),
)
"""Texts in the client's errors, and their meaning."""


def open_object_store(url: str, setting: str, *, instance_credentials: bool) -> ObjectStore:
    """Opens the object store of a URL; `instance_credentials` allows those of the machine's metadata service.

    `setting` is the variable that contains the URL, for messages.

    Raises:
        StoreError: no credentials are configured.
        BaseError, ValueError: the URL or a variable is wrong.
    """
    cloud = cloud_of(url)
    if cloud is None:
        return from_url(url)
    if not cloud.has_credentials and not instance_credentials:
        raise StoreError(
            f"There are no credentials for {cloud.name}, which {setting} names. Set {cloud.advice}, or "
            "MEETING_ASSETS_INSTANCE_CREDENTIALS=on where the machine's metadata service provides them."
        )
    return from_url(url, retry_config={"max_retries": MAX_RETRIES, "retry_timeout": RETRY_WITHIN})


def cloud_of(url: str) -> Cloud | None:
    """The kind of object store of a URL; None for folders, memory and plain HTTP."""
    if "://" not in url:
        return None
    try:
        return CLOUDS.get(parse_scheme(url))
    except Exception:  # noqa: BLE001 - obstore's error for unknown schemes is not public; opening the store reports it
        return None


def cause_of(error: Exception) -> str | None:
    """The cause of a client's error, None if unknown. The text itself may quote secrets."""
    text = str(error)
    return next((cause for sign, cause in CAUSES if sign in text), None)
