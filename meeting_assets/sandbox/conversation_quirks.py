"""Quirks of meeting platforms, one function each: re-joins, missing ends, duplicated events.

`QUIRKS` describes them. `BEFORE_TIMELINE`, `BEFORE_EVENTS` and `AFTER_EVENTS` say at which stage each is applied.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from .conversation import Conversation, Event, Participant, Stay, Utterance, Video
from .people import BOT_NAME


def rejoin(conversation: Conversation, rng: Random) -> tuple[int, float]:
    """Makes a participant leave and rejoin in the longest silence of any speaker but the host.

    Returns the participant and the time of the second join.
    """
    participant, gap_start_s, gap_end_s = max(
        ((n, *_longest_gap(conversation, n)) for n in _speaking(conversation) if n != 0),
        key=lambda each: each[2] - each[1],
    )
    stay = next(each for each in conversation.stays if each.participant == participant)
    leave_s = gap_start_s + (gap_end_s - gap_start_s) * rng.uniform(0.2, 0.4)
    back_s = gap_start_s + (gap_end_s - gap_start_s) * rng.uniform(0.6, 0.8)
    conversation.stays.append(Stay(participant, round(back_s, 3), stay.leave_s))
    stay.leave_s = round(leave_s, 3)
    return participant, back_s


def rejoin_same_id(conversation: Conversation, rng: Random) -> None:
    rejoin(conversation, rng)


def rejoin_new_id(conversation: Conversation, rng: Random) -> None:
    participant, back_s = rejoin(conversation, rng)
    again = len(conversation.participants)
    person = conversation.participants[participant]
    conversation.participants.append(replace(person, id=100 * (again + 1)))
    conversation.stays[-1].participant = again
    for utterance in conversation.utterances:
        if utterance.speaker == participant and utterance.start_s > back_s:
            utterance.speaker = again


def shift(utterances: list[Utterance], by_s: float) -> None:
    """Moves all utterances by the same time."""
    for utterance in utterances:
        for word in utterance.words:
            word.start_s, word.end_s = round(word.start_s + by_s, 3), round(word.end_s + by_s, 3)


def unknown_first_speaker(conversation: Conversation, rng: Random) -> None:
    unknown = len(conversation.participants)
    conversation.participants.append(Participant(None, None, None, None, None, None))
    conversation.utterances[0].speaker = unknown


def listed_twice(conversation: Conversation, rng: Random) -> None:
    """Lists the last participant twice; the second entry has a longer name."""
    person = conversation.participants[-1]
    conversation.participants.append(replace(person, name=f"{person.name} (Harbourlight)"))


def bot_listed(conversation: Conversation, rng: Random) -> None:
    n = len(conversation.participants)
    conversation.participants.append(Participant(100 * (n + 1), BOT_NAME, None, False, "desktop"))
    conversation.stays.append(Stay(n, 0.0, conversation.duration_s))


def open_segments(conversation: Conversation, rng: Random) -> None:
    conversation.segments[-1].end_s = None


def empty_segment_ends(conversation: Conversation, rng: Random) -> None:
    conversation.segments[-1].end_s = None
    conversation.segments[-1].has_empty_end = True


def webcam_left_on(conversation: Conversation, rng: Random) -> None:
    webcams = [each for each in conversation.videos if each.type == "webcam"]
    if not webcams:
        host = conversation.stays[0]
        webcams = [Video(0, "webcam", max(0.0, host.join_s) + 1, host.leave_s)]
        conversation.videos += webcams
    webcams[-1].was_switched_off = False


def duplicated_events(conversation: Conversation, rng: Random) -> None:
    """Repeats every eighth event near the original, alternately under the same and under a new id."""
    events: list[Event] = []
    for n, event in enumerate(conversation.events):
        events.append(event)
        if n % 8 == 3:
            events.insert(max(0, len(events) - 1 - n % 3), replace(event, delivery=n // 8 % 2))
    conversation.events = events


def out_of_order_events(conversation: Conversation, rng: Random) -> None:
    """Moves some events up to twelve positions back."""
    events = conversation.events
    for n in range(5, len(events) - 12, 17):
        events.insert(n + rng.randint(3, 12), events.pop(n))


def unknown_action(conversation: Conversation, rng: Random) -> None:
    stay = conversation.stays[-1]
    middle_s = round((stay.join_s + stay.leave_s) / 2, 3)
    index = sum(event.at_s <= middle_s for event in conversation.events)
    conversation.events.insert(index, Event("hand_raised", stay.participant, middle_s))


Effect = Callable[[Conversation, Random], None]

BEFORE_TIMELINE: dict[str, Effect] = {
    "rejoin_same_id": rejoin_same_id,
    "rejoin_new_id": rejoin_new_id,
    "unknown_first_speaker": unknown_first_speaker,
    "listed_twice": listed_twice,
    "bot_listed": bot_listed,
}
BEFORE_EVENTS: dict[str, Effect] = {
    "open_segments": open_segments,
    "empty_segment_ends": empty_segment_ends,
    "webcam_left_on": webcam_left_on,
}
AFTER_EVENTS: dict[str, Effect] = {
    "duplicated_events": duplicated_events,
    "out_of_order_events": out_of_order_events,
    "unknown_action": unknown_action,
}


def _speaking(conversation: Conversation) -> set[int]:
    return {each.speaker for each in conversation.utterances}


def _longest_gap(conversation: Conversation, speaker: int) -> tuple[float, float]:
    mine = [each for each in conversation.utterances if each.speaker == speaker]
    if len(mine) < 2:
        return 0.0, 0.0
    return max(zip(_ends(mine), _starts(mine[1:]), strict=False), key=lambda gap: gap[1] - gap[0])


def _ends(utterances: list[Utterance]) -> list[float]:
    return [each.end_s for each in utterances]


def _starts(utterances: list[Utterance]) -> list[float]:
    return [each.start_s for each in utterances]
