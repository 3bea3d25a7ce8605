"""Platform and web address of a meeting URL in the forms that the API shows: an object, text, or null."""

from typing import Any
from urllib.parse import urlsplit

HOSTS = {
    "zoom.us": "zoom",
    "meet.google.com": "google_meet",
    "teams.microsoft.com": "microsoft_teams",
    "webex.com": "webex",
}
"""Platforms by the end of the host name."""


def platform_of(url: dict[str, Any] | str | None) -> str | None:
    """Platform of a meeting URL in any of its forms; None if the API has cleared the URL.

    >>> platform_of("https://northwind.zoom.us/j/9410?pwd=x")
    'zoom'
    """
    if isinstance(url, str):
        host = urlsplit(url).hostname or ""
        return next((name for end, name in HOSTS.items() if host == end or host.endswith(f".{end}")), None)
    return str(url["platform"]) if url else None


def address(url: dict[str, Any] | str | None) -> str | None:
    """Web address of a meeting without its query, which the API's filter `meeting_url` compares.

    >>> address({"platform": "google_meet", "meeting_id": "abc-defg-hij"})
    'https://meet.google.com/abc-defg-hij'
    """
    if isinstance(url, str):
        return url.partition("?")[0]
    match platform_of(url):
        case "zoom":
            return f"https://zoom.us/j/{(url or {})['meeting_id']}"
        case "google_meet":
            return f"https://meet.google.com/{(url or {})['meeting_id']}"
        case "microsoft_teams":
            return f"https://teams.microsoft.com/meet/{(url or {})['meeting_id']}"
        case "webex":
            return f"https://{(url or {})['meeting_subdomain']}.webex.com/{(url or {})['meeting_path']}"
    return None
