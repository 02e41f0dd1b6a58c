"""Moments as people say them, in the time of this computer; the zone is named once, apart from them."""

from datetime import datetime, timedelta, tzinfo

from diagnostics.text import clean

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def local(moment: datetime, zone: tzinfo | None = None) -> datetime:
    """The moment on the clock of this computer. In: `zone`, None = this computer's own."""
    try:
        return moment.astimezone(zone)
    except (OverflowError, OSError, ValueError):  # a year that the system's library does not know
        return moment


def when(moment: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """`today 14:05`, `yesterday 14:05`, `Tuesday 14:05`, `3 Nov 14:05`, `3 Nov 2025 14:05`."""
    at, here = local(moment, zone), local(now, zone)
    days = (here.date() - at.date()).days
    clock = f"{at:%H:%M}"
    if days == 0:
        return f"today {clock}"
    if days == 1:
        return f"yesterday {clock}"
    if 1 < days < 7:
        return f"{_DAYS[at.weekday()]} {clock}"
    year = f" {at.year}" if at.year != here.year else ""
    return f"{at.day} {_MONTHS[at.month - 1]}{year} {clock}"


def stamp(moment: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """`Tue 24 Nov 14:05`, for columns; with the year where it is another one."""
    at = local(moment, zone)
    year = f" {at.year}" if at.year != local(now, zone).year else ""
    return f"{_DAYS[at.weekday()][:3]} {at.day:2} {_MONTHS[at.month - 1]}{year} {at:%H:%M}"


def mark(moment: datetime, span: timedelta, zone: tzinfo | None = None) -> str:
    """A moment below a row of cells: the hour in a day, the weekday in a week, else the date."""
    at = local(moment, zone)
    if span <= timedelta(days=2):
        return f"{at:%H:%M}"
    if span <= timedelta(days=8):
        return f"{_DAYS[at.weekday()][:3]} {at:%H:%M}"
    return f"{at.day} {_MONTHS[at.month - 1]}"


def zone_of(start: datetime, end: datetime, zone: tzinfo | None = None) -> str:
    """`Times are local: CET (UTC+01:00)`; both names where the clocks were changed in between."""
    named = list(dict.fromkeys(map(_named, (local(start, zone), local(end, zone)))))
    return f"Times are local: {', then '.join(named)}."


def _named(at: datetime) -> str:
    offset = at.utcoffset() or timedelta()
    minutes = round(offset.total_seconds() / 60)
    sign = "-" if minutes < 0 else "+"
    told = f"UTC{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}" if minutes else "UTC"
    name = clean(at.tzname() or "", 60)
    return told if name in {"", told, "UTC"} or name.startswith("UTC") else f"{name} ({told})"
