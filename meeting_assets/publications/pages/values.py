"""Forms of values on pages, which the templates use as filters. Unknown values are a dash."""

from __future__ import annotations

from datetime import date, datetime

from markupsafe import Markup

from meeting_assets.core.instants import utc

UNKNOWN = "\u2013"  # an en dash
PLATFORMS = {
    "google_meet": "Google Meet",
    "microsoft_teams": "Microsoft Teams",
    "microsoft_teams_live": "Microsoft Teams Live",
    "zoom": "Zoom",
    "webex": "Webex",
    "slack_huddle_observer": "Slack huddle",
    "slack_authenticator": "Slack",
    "goto_meeting": "GoTo Meeting",
}

KIND_NAMES = {
    "participants": "participant list",
    "participant_events": "participant events",
    "speaker_timeline": "speaker timeline",
    "transcript": "transcript",
    "provider_data": "transcript provider's data",
    "audio_separate": "audio per participant",
    "video_separate": "video per participant",
}
"""The kinds of artifacts in plain words."""


def duration(value_s: float | None) -> str:
    """A length of time in its two largest units.

    >>> duration(42.4), duration(65), duration(3720), duration(-90), duration(None)
    ('42 s', '1 min 5 s', '1 h 2 min', '-1 min 30 s', '–')
    """
    if value_s is None:
        return UNKNOWN
    sign, total_s = "-" if value_s <= -0.5 else "", round(abs(value_s))
    minutes, seconds = divmod(total_s, 60)
    hours, minutes = divmod((total_s + 30) // 60 if total_s >= 3600 else minutes, 60)
    parts = [(hours, "h"), (minutes, "min")] if hours else [(minutes, "min"), (seconds, "s")]
    words = [f"{count} {unit}" for count, unit in parts if count]
    return sign + (" ".join(words) or "0 s")


def clock(value_s: float | None) -> str:
    """A position in a recording as h:mm:ss.

    >>> clock(3725.9), clock(-2), clock(None)
    ('1:02:05', '-0:00:02', '–')
    """
    if value_s is None:
        return UNKNOWN
    minutes, seconds = divmod(int(abs(value_s)), 60)
    return f"{'-' if value_s <= -1 else ''}{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def percent(share: float | None) -> str:
    """A share from 0 to 1 as a percentage; shares below 10 % with one decimal.

    >>> percent(0.4567), percent(0.0123), percent(0.0), percent(None)
    ('46%', '1.2%', '0%', '–')
    """
    if share is None:
        return UNKNOWN
    return f"{share * 100:.1f}%" if 0 < abs(share) < 0.0995 else f"{share * 100:.0f}%"


def number(value: float | None, digits: int = 1) -> str:
    """A number with thousands separators; integers have no decimals.

    >>> number(12345), number(2.345), number(2.345, 2), number(None)
    ('12,345', '2.3', '2.35', '–')
    """
    if value is None:
        return UNKNOWN
    return f"{value:,}" if isinstance(value, int) else f"{value:,.{digits}f}"


def instant(at: datetime | None) -> str | Markup:
    """An instant in UTC. The site's script shows it in the reader's zone on request."""
    if at is None:
        return UNKNOWN
    at = utc(at)
    return Markup('<time datetime="{}">{}</time>').format(f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{at:%Y-%m-%d %H:%M} UTC")


def day(value: date | None) -> str | Markup:
    """A UTC day, such as `Mon 5 Jan 2026`."""
    if value is None:
        return UNKNOWN
    text = f"{value:%a} {value.day} {value:%b} {value.year}"
    return Markup('<time datetime="{}" data-day>{}</time>').format(value.isoformat(), text)


def short_day(value: date) -> str:
    """A UTC day without its year.

    >>> short_day(date(2026, 1, 5))
    '5 Jan'
    """
    return f"{value.day} {value:%b}"


def shortened(text: str | None, length: int = 120) -> str:
    """The text without line breaks, cut after `length` characters.

    >>> shortened("one\\n two"), shortened("abcdef", 4), shortened(None)
    ('one two', 'abc…', '–')
    """
    if text is None:
        return UNKNOWN
    words = " ".join(text.split())
    return words if len(words) <= length else words[: length - 1].rstrip() + "…"


def with_code(text: str) -> Markup:
    """The text with parts in backticks as code.

    >>> with_code("Set `a<b`.")
    Markup('Set <code>a&lt;b</code>.')
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:  # an unpaired backtick is text
        parts[-2:] = ["`".join(parts[-2:])]
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(part) if index % 2 else part for index, part in enumerate(parts))


def platform_name(platform: str | None) -> str | None:
    """The name of a platform as its maker writes it."""
    return PLATFORMS.get(platform, platform.replace("_", " ")) if platform else None
