"""Meeting URLs of sample meetings, in the forms that the API shows.

Passwords and tokens contain the placeholder `PASSWORD`, or get the marker when a sandbox shows them.
"""

from random import Random

from .world import PASSWORD, Json, identifier


def meeting_url(platform: str, key: str) -> Json:
    """Meeting URL as the API shows it: an object whose keys depend on the platform."""
    rng = Random(f"{key}/url")
    digits = "".join(rng.choices("0123456789", k=10))
    letters = "".join(rng.choices("abcdefghijkmnopqrstuvwxyz", k=10))
    match platform:
        case "zoom":
            return {"meeting_id": digits, "meeting_password": f"Zm{digits[:5]}", "platform": platform}
        case "google_meet":
            return {"meeting_id": f"{letters[:3]}-{letters[3:7]}-{letters[7:]}", "platform": platform}
        case "webex":
            return _webex(letters)
    names = ("organizer_id", "tenant_id", "message_id", "thread_id")
    # Addresses of the form /meet/ID?p=PASSWORD have the business fields.
    is_short = int(digits) % 2 == 0
    return {
        "meeting_id": digits,
        "meeting_password": f"Tm{letters[:5]}",
        **{name: identifier(key, name) for name in names},
        "business_meeting_id": digits if is_short else None,
        "business_meeting_password": f"Bm{letters[5:]}" if is_short else None,
        "platform": platform,
    }


def _webex(letters: str) -> Json:
    """A personal room, or a meeting whose path and MTID are tokens that admit to the meeting."""
    is_room = letters[0] < "g"
    return {
        "meeting_subdomain": "northwind",
        "meeting_mtid": None if is_room else f"m{PASSWORD}{letters}",
        "meeting_path": f"meet/{letters[:6]}" if is_room else f"northwind/j.php/{PASSWORD}{letters[:4]}",
        "platform": "webex",
    }


def raw_zoom_url(key: str) -> str:
    """A Zoom address as a customer sends it. Answers of older API versions show this text instead of an object."""
    parts = meeting_url("zoom", key)
    return f"https://northwind.zoom.us/j/{parts['meeting_id']}?pwd={PASSWORD}{parts['meeting_password']}"
