"""Methods with which tests change the bots and the metadata of a running sandbox."""

from datetime import datetime

from .bots import change
from .state import State
from .webhook_messages import bot_message, calendar_message
from .webhook_sender import WebhookSender
from .world import Bot, Json


class BotControls:
    """Changes to bots and metadata; safe to call from any thread while the sandbox serves."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._webhook_sender: WebhookSender | None = None

    def add_bot(self, bot: Bot) -> None:
        """Adds a prepared bot, or replaces the bot of this id, without webhooks."""
        with self._state.lock:
            self._state.world.add_bot(bot)

    def delete_bot(self, bot_id: str) -> None:
        """Deletes a scheduled bot, as `DELETE /bot/ID/` does.

        Raises:
            ValueError: the bot has been dispatched; the API refuses to delete it.
        """
        with self._state.lock:
            if self._state.world.bot(bot_id).status_changes:
                raise ValueError(f"bot {bot_id} has been dispatched; only scheduled bots can be deleted")
            self._state.world.remove_bot(bot_id)

    def add_status_change(
        self, bot_id: str, code: str, sub_code: str | None = None, at: datetime | None = None
    ) -> Json:
        """Appends a status change to a bot, by default at the sandbox's time, and sends its webhook."""
        with self._state.lock:
            bot = self._state.world.bot(bot_id)
            added = change(code, sub_code, at or self._state.clock.now())
            bot.status_changes.append(added)
            self._send(bot_message(bot, added))
            return added

    def set_bot_metadata(self, bot_id: str, metadata: dict[str, str]) -> None:
        """Replaces the metadata of a bot, as `PATCH` does; the API sends no webhook."""
        with self._state.lock:
            self._state.world.bot(bot_id).metadata = metadata

    def set_recording_metadata(self, recording_id: str, metadata: dict[str, str]) -> None:
        """Replaces the metadata of a recording, as `PATCH` does; the API sends no webhook."""
        with self._state.lock:
            self._state.world.recording(recording_id).metadata = metadata

    def clear_meeting_url(self, bot_id: str) -> None:
        """Clears a bot's meeting URL, as the API does some days after the meeting."""
        with self._state.lock:
            self._state.world.bot(bot_id).meeting_url = None

    def notify_calendar(self, event: str, calendar_id: str, last_updated_at: datetime | None = None) -> None:
        """Sends the webhook `calendar.EVENT`: `update`, or `sync_events` with a time."""
        with self._state.lock:
            self._send(calendar_message(event, calendar_id, last_updated_at))

    def send_webhook(self, content: Json) -> None:
        """Sends a message of any content."""
        with self._state.lock:
            self._send(content)

    def _send(self, *contents: Json | None) -> None:
        if self._webhook_sender:
            for content in contents:
                if content:
                    self._webhook_sender.send(content)
