"""Rate limits: a maximum of requests per endpoint in any minute."""

from collections import Counter

from meeting_assets.sandbox import Clock, Sandbox, uniform

from .conftest import DAY, client


def test_61st_list_call_within_a_minute_is_throttled() -> None:
    with Sandbox(uniform(DAY, recordings=1)) as sandbox, client(sandbox) as api:
        codes = Counter(api.get("transcript/").status_code for _ in range(61))
        refused = api.get("transcript/")

    assert codes == {200: 60, 429: 1}
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.json()["detail"].startswith("Request was throttled.")
    assert sandbox.stats.throttled == 2


def test_each_endpoint_has_its_own_limit() -> None:
    with Sandbox(uniform(DAY, recordings=1)) as sandbox, client(sandbox) as api:
        for _ in range(60):
            api.get("transcript/")

        assert api.get("recording/").status_code == 200
        assert api.get(f"recording/{sandbox.world.recordings[0].id}/").status_code == 200


def test_301st_retrieve_call_within_a_minute_is_throttled() -> None:
    with Sandbox(uniform(DAY, recordings=1)) as sandbox, client(sandbox) as api:
        path = f"recording/{sandbox.world.recordings[0].id}/"
        codes = Counter(api.get(path).status_code for _ in range(301))

    assert codes == {200: 300, 429: 1}


def test_request_succeeds_after_retry_after() -> None:
    clock = Clock()
    with Sandbox(uniform(DAY, recordings=1), clock=clock) as sandbox, client(sandbox) as api:
        for _ in range(60):
            api.get("recording/")
        refused = api.get("recording/")
        clock.advance(int(refused.headers["Retry-After"]))

        assert api.get("recording/").status_code == 200
    assert refused.status_code == 429


def test_limits_can_be_switched_off() -> None:
    with Sandbox(uniform(DAY, recordings=1), limits=False) as sandbox, client(sandbox) as api:
        codes = Counter(api.get("recording/").status_code for _ in range(70))

    assert codes == {200: 70}
