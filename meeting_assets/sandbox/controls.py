"""Methods with which tests change a running sandbox: new recordings, changed content, failures, deletions, faults."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from .bot_controls import BotControls
from .faults import Fault
from .objects import Objects
from .recording_builder import dated, kinds_of
from .recording_spec import TranscriptSpec, provider_details
from .state import State
from .uniform import small_meeting
from .webhook_messages import status_message, upload_message
from .webhook_sender import WebhookSender
from .world import KINDS, Artifact, Bot, Payload, Recording, Status, World, identifier


class Controls(BotControls):
    """Changes to the state of one sandbox; safe to call from any thread while it serves."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self._added = 0

    def notify(self, url: str, secret: str) -> None:
        """Starts sending signed webhooks to `url`, one for each change of a status."""
        self.stop_notifying()
        with self._state.lock:
            self._webhook_sender = WebhookSender(url, secret, self._state.habits, self._state.markers)

    def stop_notifying(self) -> None:
        sender, self._webhook_sender = self._webhook_sender, None
        if sender:
            sender.stop()

    @property
    def webhook_sender(self) -> WebhookSender:
        """The sender of webhooks; its `responses` counts the responses of the endpoint."""
        if self._webhook_sender is None:
            raise ValueError("the sandbox sends no webhooks; call `notify` first")
        return self._webhook_sender

    def add(self, recording: Recording, bot: Bot | None = None) -> None:
        """Adds a prepared recording and its bot."""
        with self._state.lock:
            self._state.world.add(recording, bot)

    def add_world(self, world: World) -> None:
        """Adds a copy of everything in another world."""
        with self._state.lock:
            added = world.copy()
            for bot in added.bots:
                self._state.world.add_bot(bot)
            for recording in added.recordings:
                self._state.world.add(recording)
            self._state.world.calendar_events |= added.calendar_events

    def add_recording(
        self,
        created_at: datetime | None = None,
        *,
        words: int = 50,
        people: int = 3,
        processing: bool = False,
        has_bot: bool = True,
    ) -> Recording:
        """Adds a small meeting with all seven artifacts; with `processing`, one that has not finished."""
        with self._state.lock:
            self._added += 1
            when = created_at or self._state.clock.now()
            key = f"added/{self._added}/{when.isoformat()}"
            recording, bot = small_meeting(key, when, words=words, people=people, has_bot=has_bot)
            if processing:
                _begin(recording)
            self._state.world.add(recording, bot)
            self._send_webhooks(*_with_artifacts(recording))
            return recording

    def begin(self, recording: Recording, bot: Bot | None = None) -> None:
        """Adds a prepared recording as one that has not finished; `finish` finishes it."""
        with self._state.lock:
            _begin(recording)
            self._state.world.add(recording, bot)
            self._send_webhooks(*_with_artifacts(recording))

    def finish(self, recording_id: str) -> None:
        """Finishes a recording: its status and that of its artifacts become `done`."""
        with self._state.lock:
            recording = self._state.world.recording(recording_id)
            started_at = recording.started_at or recording.created_at
            recording.started_at = started_at
            recording.completed_at = started_at + timedelta(seconds=recording.planned_s)
            for item in _with_artifacts(recording):
                if item.status.code == "processing":
                    self._set_status(item, "done")

    def add_artifact(self, artifact: Artifact) -> None:
        """Adds a prepared artifact to its recording."""
        with self._state.lock:
            self._state.world.add_artifact(artifact)
            self._send_webhooks(artifact)

    def finish_artifact(self, artifact_id: str) -> None:
        """Sets the status of one artifact to `done`."""
        with self._state.lock:
            self._set_status(self._artifact(artifact_id), "done")

    def fail_recording(self, recording_id: str, sub_code: str | None = None) -> None:
        with self._state.lock:
            self._set_status(self._state.world.recording(recording_id), "failed", sub_code)

    def delete(self, recording_id: str) -> None:
        """Deletes a recording and its artifacts, as the API does at expiry."""
        with self._state.lock:
            recording = self._state.world.recording(recording_id)
            for item in _with_artifacts(recording):
                self._set_status(item, "deleted")

    def add_transcript(
        self,
        recording_id: str,
        created_at: datetime | None = None,
        processing: bool = False,
        provider: str = "assembly_ai_async",
        payloads: Mapping[str, bytes] | None = None,
    ) -> str:
        """Adds a transcript and returns its id; its default payloads are those of the newest transcript."""
        with self._state.lock:
            recording = self._state.world.recording(recording_id)
            spec = TranscriptSpec(provider, after_s=0.0)
            earlier = recording.of("transcript")
            when = created_at or self._state.clock.now()
            artifact = Artifact(
                id=identifier(recording_id, "transcript", len(earlier), when),
                collection="transcript",
                recording_id=recording_id,
                created_at=when,
                status=Status("processing" if processing else "done", when),
                payloads=_transcript_payloads(earlier, kinds_of(spec), payloads or {}),
                details=provider_details(spec),
            )
            self._state.world.add_artifact(dated(artifact, spec))
            self._send_webhooks(artifact)
            return artifact.id

    def fail(self, artifact_id: str, sub_code: str | None = None) -> None:
        with self._state.lock:
            self._set_status(self._artifact(artifact_id), "failed", sub_code)

    def delete_artifact(self, artifact_id: str) -> None:
        with self._state.lock:
            self._set_status(self._artifact(artifact_id), "deleted")

    def touch(self, artifact_id: str) -> None:
        """Changes `status.updated_at` and nothing else."""
        with self._state.lock:
            artifact = self._artifact(artifact_id)
            self._set_status(artifact, artifact.status.code, artifact.status.sub_code)

    def reissue(self, artifact_id: str, payloads: Mapping[str, bytes] | None = None) -> None:
        """Replaces content under the same id: with `payloads`, or by removing the last element of each list."""
        with self._state.lock:
            artifact = self._artifact(artifact_id)
            for kind in artifact.kinds if payloads is None else payloads:
                body = payloads[kind] if payloads else shortened(artifact.payloads[kind].body())
                artifact.payloads[kind] = Payload(lambda body=body: body, as_is=bool(payloads))  # type: ignore[misc]
            self._set_status(artifact, "done")

    def payload(self, artifact_id: str, kind: str) -> bytes:
        """Bytes that a download returns now; URLs inside a manifest differ on each call."""
        with self._state.lock:
            return Objects(self._state).payload(self._artifact(artifact_id), kind)

    def set_payload(self, artifact_id: str, kind: str, body: bytes) -> None:
        """Serves exactly these bytes from now on, without changing a timestamp."""
        with self._state.lock:
            artifact = self._artifact(artifact_id)
            if kind not in KINDS[artifact.collection]:
                raise ValueError(f"{artifact.collection} has no {kind}")
            artifact.payloads[kind] = Payload(lambda: body, as_is=True)

    def set_url(self, artifact_id: str, kind: str, url: str | None) -> None:
        """Shows this URL, or null, instead of freshly signed ones."""
        with self._state.lock:
            self._artifact(artifact_id).urls[kind] = url

    def restore_url(self, artifact_id: str, kind: str) -> None:
        """Undoes `set_url`."""
        with self._state.lock:
            self._artifact(artifact_id).urls.pop(kind, None)

    def expire_urls_after(self, seconds: float) -> None:
        """Sets the lifetime of download URLs; 0 expires each URL at once."""
        with self._state.lock:
            self._state.url_signer.lifetime_s = seconds

    def expire_urls(self) -> None:
        """Expires all URLs that the sandbox has signed so far; later URLs work."""
        with self._state.lock:
            self._state.url_signer.expire_all()

    def inject(self, fault: Fault) -> None:
        self._state.faults.inject(fault)

    def inject_randomly(self, faults: Sequence[Fault], *, chance: float, seed: int = 0) -> None:
        """Applies to each request, with probability `chance`, a random one of the matching faults."""
        self._state.faults.inject_randomly(faults, chance, seed)

    def clear_faults(self) -> None:
        """Removes all injected and random faults."""
        self._state.faults.clear()

    def _artifact(self, artifact_id: str) -> Artifact:
        return self._state.world.artifact(artifact_id)

    def _set_status(self, item: Recording | Artifact, code: str, sub_code: str | None = None) -> None:
        """Sets a status, at least a second later than the previous one, so that clients detect the change."""
        updated_at = max(self._state.clock.now(), item.status.updated_at + timedelta(seconds=1))
        item.status = Status(code, updated_at, sub_code)
        self._send_webhooks(item)

    def _send_webhooks(self, *items: Recording | Artifact) -> None:
        for item in items:
            recording_id = item.recording_id if isinstance(item, Artifact) else item.id
            recording = self._state.world.recording(recording_id)
            bot = self._state.world.bot(recording.bot_id) if recording.bot_id else None
            self._send(status_message(item, recording, bot))
            if item is recording:
                self._send(upload_message(recording))


def _with_artifacts(recording: Recording) -> list[Recording | Artifact]:
    return [recording, *recording.artifacts]


def shortened(body: bytes) -> bytes:
    """Payload without the last element of its list."""
    content = json.loads(body)
    (content["parts"] if isinstance(content, dict) else content)[-1:] = []
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _begin(recording: Recording) -> None:
    """Turns a finished recording into one that has not finished."""
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
