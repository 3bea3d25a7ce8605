"""Equivalent forms of an id have one canonical form."""

from __future__ import annotations

import pytest

from meeting_assets.core.errors import UsageError
from meeting_assets.core.ids import canonical_uuid

ID = "0206f11b-68ab-42b1-8a30-b85f60076e83"
BARE = ID.replace("-", "")


@pytest.mark.parametrize(
    "given",
    [ID, ID.upper(), BARE, BARE.upper(), f"{{{ID}}}", f"{{{BARE.upper()}}}", f" {ID}\n", f"urn:uuid:{ID}"],
)
def test_equivalent_ids_have_one_canonical_form(given: str) -> None:
    assert canonical_uuid(given) == ID


@pytest.mark.parametrize(
    "given",
    [
        "",
        "standup",
        ID[:-1],
        f"{ID}0",
        f"{{{ID}",
        f"{ID}}}",
        f"{ID},{ID}",
        "_" + BARE[1:],
        "٠" + BARE[1:],
        f"x{ID}",
        "rec_123",
    ],
)
def test_invalid_id_is_named_in_the_message(given: str) -> None:
    with pytest.raises(UsageError, match=f"is not a recording id. Give a UUID such as {ID}"):
        canonical_uuid(given)
