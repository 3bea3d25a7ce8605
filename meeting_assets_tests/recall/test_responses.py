"""Retry-After is read as seconds or a date; complete and truncated JSON are distinguished."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.core.errors import Transient
from meeting_assets.recall.rate_limits import MAX_WAIT_S
from meeting_assets.recall.responses import check_download_status, is_complete_json

documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "86400"}, MAX_WAIT_S),
        ({"Retry-After": "99999999999999999999"}, MAX_WAIT_S),
        ({"Retry-After": "9" * 5000}, MAX_WAIT_S),
        ({"Retry-After": "1e400"}, MAX_WAIT_S),
        ({"Retry-After": "inf"}, MAX_WAIT_S),
        ({"Retry-After": "-inf"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, MAX_WAIT_S),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 -2359"}, MAX_WAIT_S),
        ({"Retry-After": "Mon, 01 Jan 0001 00:00:00 +2359"}, 0.0),
        ({"Retry-After": "Fri, 31 Dec 99999 23:59:59 GMT"}, None),
        ({"Retry-After": "Mon, 02 Mar 2026 10:00:30 GMT", "Date": "Fri, 31 Dec 9999 23:59:59 -2359"}, 0.0),
        ({"Retry-After": "Mon, 02 Mar 2026 10:00:30 GMT", "Date": "Mon, 01 Jan 0001 00:00:00 +2359"}, MAX_WAIT_S),
        ({"Retry-After": "Mon, 02 Mar 2026 10:00:30 GMT", "Date": "Mon, 02 Mar 2026 10:00:00 GMT"}, 30.0),
        ({"Retry-After": "Mon, 02 Mar 2026 10:00:30 -0000", "Date": "Mon, 02 Mar 2026 11:00:00 +0100"}, 30.0),
        ({"Retry-After": "Mon, 02 Mar 2026 09:00:00 GMT", "Date": "Mon, 02 Mar 2026 10:00:00 GMT"}, 0.0),
        ({"Retry-After": "Mon, 02 Mar 2026 09:00:00 GMT"}, 0.0),
        ({"Retry-After": "Mon, 02 Mar 2026 09:00:00 GMT", "Date": "nonsense"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": ""}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_by_the_apis_clock(headers: dict[str, str], seconds: float | None) -> None:
    with pytest.raises(Transient) as raised:
        check_download_status(httpx.Response(503, headers=headers))

    assert raised.value.retry_after_s == seconds


@given(documents, st.sampled_from([None, 2]), st.booleans())
def test_every_json_document_is_complete(document: object, indent: int | None, is_ascii: bool) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=is_ascii).encode(errors="surrogatepass")

    assert is_complete_json(text)


@given(st.lists(documents, min_size=1) | st.dictionaries(st.text(), documents, min_size=1), st.data())
def test_no_prefix_of_a_document_is_complete(document: object, data: st.DataObject) -> None:
    text = json.dumps(document).encode()

    assert not is_complete_json(text[: data.draw(st.integers(0, len(text) - 1))])
