"""What a test can do to a running sandbox: new recordings, changed content, failures, deletions, faults."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from .courier import Courier
from .faults import Fault
from .frames import TranscriptFrame, dated, kinds_of, provider_details
from .objects import Objects
from .state import State
from .uniform import small_meeting
from .world import KINDS, Artifact, Bot, Payload, Recording, Status, World, identifier


class Controls:
    """Changes to the state of one sandbox; safe to call from any thread while it serves."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._added = 0
        self._courier: Courier | None = None

    # webhooks

    def notify(self, url: str, secret: str) -> None:
        """Sends signed webhooks there from now on, one for each status that changes."""
        self.stop_notifying()
        with self._state.lock:
            self._courier = Courier(url, secret, self._state.habits)

    def stop_notifying(self) -> None:
        courier, self._courier = self._courier, None
        if courier:
            courier.stop()

    @property
    def courier(self) -> Courier:
        """Who brings the webhooks: `answers` counts what they met with."""
        if self._courier is None:
            raise ValueError("nobody is notified")
        return self._courier

    # recordings

    def add(self, recording: Recording, bot: Bot | None = None) -> None:
        """Adds a ready-made recording, with its bot."""
        with self._state.lock:
            self._state.world.add(recording, bot)

    def add_world(self, world: World) -> None:
        """Adds a copy of everything in another world."""
        with self._state.lock:
            added = world.copy()
            bots = {bot.id: bot for bot in added.bots}
            for recording in added.recordings:
                self._state.world.add(recording, bots.get(recording.bot_id or ""))

    def add_recording(
        self,
        created_at: datetime | None = None,
        *,
        words: int = 50,
        people: int = 3,
        processing: bool = False,
        has_bot: bool = True,
    ) -> Recording:
        """Adds a small meeting with all seven artifacts, or one that is still going on."""
        with self._state.lock:
            self._added += 1
            when = created_at or self._state.clock.now()
            key = f"added/{self._added}/{when.isoformat()}"
            recording, bot = small_meeting(key, when, words=words, people=people, has_bot=has_bot)
            if processing:
                _begin(recording)
            self._state.world.add(recording, bot)
            self._tell(*_all_of(recording))
            return recording

    def begin(self, recording: Recording, bot: Bot | None = None) -> None:
        """Adds a ready-made recording as one that is still going on; `finish` ends it."""
        with self._state.lock:
            _begin(recording)
            self._state.world.add(recording, bot)
            self._tell(*_all_of(recording))

    def finish(self, recording_id: str) -> None:
        """Ends a recording: it and its artifacts are `done`."""
        with self._state.lock:
            recording = self._state.world.recording(recording_id)
            started_at = recording.started_at or recording.created_at
            recording.started_at = started_at
            recording.completed_at = started_at + timedelta(seconds=recording.planned_s)
            for thing in _all_of(recording):
                if thing.status.code == "processing":
                    self._set_status(thing, "done")

    def add_artifact(self, artifact: Artifact) -> None:
        """Adds a ready-made artifact to its recording."""
        with self._state.lock:
            self._state.world.add_artifact(artifact)
            self._tell(artifact)

    def finish_artifact(self, artifact_id: str) -> None:
        """Ends the processing of one artifact."""
        with self._state.lock:
            self._set_status(self._artifact(artifact_id), "done")

    def fail_recording(self, recording_id: str, sub_code: str | None = None) -> None:
        with self._state.lock:
            self._set_status(self._state.world.recording(recording_id), "failed", sub_code)

    def delete(self, recording_id: str) -> None:
        """Deletes a recording and everything of it, as expiry does."""
        with self._state.lock:
            recording = self._state.world.recording(recording_id)
            for thing in _all_of(recording):
                self._set_status(thing, "deleted")

    # artifacts

    def add_transcript(
        self,
        recording_id: str,
        created_at: datetime | None = None,
        processing: bool = False,
        provider: str = "assembly_ai_async",
        payloads: Mapping[str, bytes] | None = None,
    ) -> str:
        """Adds a transcript (by default with the payloads of the newest one) and returns its id."""
        with self._state.lock:
            recording = self._state.world.recording(recording_id)
            frame = TranscriptFrame(provider, after_s=0.0)
            earlier = recording.of("transcript")
            when = created_at or self._state.clock.now()
            artifact = Artifact(
                id=identifier(recording_id, "transcript", len(earlier), when),
                collection="transcript",
                recording_id=recording_id,
                created_at=when,
                status=Status("processing" if processing else "done", when),
                payloads=_transcript_payloads(earlier, kinds_of(frame), payloads or {}),
                details=provider_details(frame),
            )
            self._state.world.add_artifact(dated(artifact, frame))
            self._tell(artifact)
            return artifact.id

    def fail(self, artifact_id: str, sub_code: str | None = None) -> None:
        with self._state.lock:
            self._set_status(self._artifact(artifact_id), "failed", sub_code)

    def delete_artifact(self, artifact_id: str) -> None:
        with self._state.lock:
            self._set_status(self._artifact(artifact_id), "deleted")

    def touch(self, artifact_id: str) -> None:
        """Moves `status.updated_at`, nothing else."""
        with self._state.lock:
            artifact = self._artifact(artifact_id)
            self._set_status(artifact, artifact.status.code, artifact.status.sub_code)

    def reissue(self, artifact_id: str, payloads: Mapping[str, bytes] | None = None) -> None:
        """New content under the same id: `payloads`, or what is there without each list's last element."""
        with self._state.lock:
            artifact = self._artifact(artifact_id)
            for kind in artifact.kinds if payloads is None else payloads:
                body = payloads[kind] if payloads else shortened(artifact.payloads[kind].body())
                artifact.payloads[kind] = Payload(lambda body=body: body, as_is=bool(payloads))  # type: ignore[misc]
            self._set_status(artifact, "done")

    # payloads and URLs

    def payload(self, artifact_id: str, kind: str) -> bytes:
        """The bytes a download gives now; the URLs inside a manifest are fresh each time."""
        with self._state.lock:
            return Objects(self._state).payload(self._artifact(artifact_id), kind)

    def set_payload(self, artifact_id: str, kind: str, body: bytes) -> None:
        """Serves exactly these bytes from now on; no timestamp moves."""
        with self._state.lock:
            artifact = self._artifact(artifact_id)
            if kind not in KINDS[artifact.collection]:
                raise ValueError(f"{artifact.collection} has no {kind}")
            artifact.payloads[kind] = Payload(lambda: body, as_is=True)

    def set_url(self, artifact_id: str, kind: str, url: str | None) -> None:
        """Shows this URL, or null, in place of minted ones."""
        with self._state.lock:
            self._artifact(artifact_id).urls[kind] = url

    def restore_url(self, artifact_id: str, kind: str) -> None:
        """Mints URLs again."""
        with self._state.lock:
            self._artifact(artifact_id).urls.pop(kind, None)

    def expire_urls_after(self, seconds: float) -> None:
        """The lifetime of download URLs, from their minting; 0 makes every URL useless."""
        with self._state.lock:
            self._state.minter.lifetime_s = seconds

    def expire_urls(self) -> None:
        """Expires the URLs minted so far; those minted from now on work."""
        with self._state.lock:
            self._state.minter.expire_all()

    # faults

    def inject(self, fault: Fault) -> None:
        self._state.faults.inject(fault)

    def rage(self, faults: Sequence[Fault], *, chance: float, seed: int = 0) -> None:
        """From now on each request meets, with this chance, one of the faults that match it, any number of times."""
        self._state.faults.rage(faults, chance, seed)

    def clear_faults(self) -> None:
        """Ends all faults, and the storm."""
        self._state.faults.clear()

    def _artifact(self, artifact_id: str) -> Artifact:
        return self._state.world.artifact(artifact_id)

    def _set_status(self, thing: Recording | Artifact, code: str, sub_code: str | None = None) -> None:
        """Never earlier than a second after the last change, so that every change can be seen."""
        updated_at = max(self._state.clock.now(), thing.status.updated_at + timedelta(seconds=1))
        thing.status = Status(code, updated_at, sub_code)
        self._tell(thing)

    def _tell(self, *things: Recording | Artifact) -> None:
        if self._courier:
            for thing in things:
                recording_id = thing.recording_id if isinstance(thing, Artifact) else thing.id
                self._courier.tell(thing, self._state.world.recording(recording_id))


def _all_of(recording: Recording) -> list[Recording | Artifact]:
    return [recording, *recording.artifacts]


def shortened(body: bytes) -> bytes:
    """A payload without the last element of its list."""
    content = json.loads(body)
    (content["parts"] if isinstance(content, dict) else content)[-1:] = []
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _begin(recording: Recording) -> None:
    """Turns a finished recording into one that is still going on."""
    started_at = recording.started_at or recording.created_at
    recording.completed_at = None
    recording.status = Status("processing", started_at)
    for artifact in recording.artifacts:
        artifact.created_at = started_at
        artifact.status = Status("processing", started_at)


def _transcript_payloads(
    earlier: list[Artifact], kinds: tuple[str, ...], given: Mapping[str, bytes]
) -> dict[str, Payload]:
    payloads = {kind: payload for each in earlier for kind, payload in each.payloads.items() if kind in kinds}
    payloads |= {kind: Payload(lambda body=body: body, as_is=True) for kind, body in given.items()}  # type: ignore[misc]
    return payloads or {"transcript": Payload(lambda: b"[]", as_is=True)}
