"""Participants of a sample meeting, with their joins and leaves, cameras, shared screens and chat messages."""

from collections.abc import Sequence
from random import Random

from .conversation import Chat, Conversation, Participant, Stay, Utterance, Video
from .grammar import vocabulary
from .people import BOT_NAME, Person, client, extra_data


def participants_of(people: Sequence[Person], platform: str, rng: Random, *, emails: bool) -> list[Participant]:
    """Participants with ids 100, 200, … in the order of joining; the first is the host."""
    return [
        Participant(
            id=100 * (n + 1),
            name=person.name,
            email=person.email if emails and rng.random() < (0.4 if person.is_guest else 0.9) else None,
            is_host=n == 0,
            platform=client(person, platform, rng),
            extra_data=extra_data(person, platform, rng, is_host=n == 0),
        )
        for n, person in enumerate(people)
    ]


def stays_of(count: int, utterances: Sequence[Utterance], duration_s: float, rng: Random) -> list[Stay]:
    """Presence of each participant: mostly the whole meeting, and always while speaking."""
    stays = []
    for n in range(count):
        mine = [each for each in utterances if each.speaker == n]
        first_s, last_s = (mine[0].start_s, mine[-1].end_s) if mine else (duration_s, 0.0)
        join_s = min(rng.choice((0.0, rng.uniform(0, 4), rng.uniform(5, 60))), first_s - 0.5)
        leave_s = duration_s - rng.uniform(0.2, 6)
        if duration_s - last_s > 180 and mine and rng.random() < 0.5:
            leave_s = last_s + rng.uniform(2, 60)
        stays.append(Stay(n, round(join_s, 3), round(min(duration_s, max(leave_s, last_s + 0.2)), 3)))
    return stays


def drop_in(stay: Stay, duration_s: float, rng: Random) -> None:
    """Shortens a stay to a few minutes in the middle of the meeting."""
    stay.join_s = round(duration_s * rng.uniform(0.3, 0.6), 3)
    stay.leave_s = round(min(duration_s - 1, stay.join_s + rng.uniform(60, 240)), 3)


def arrive_late(conversation: Conversation, rng: Random) -> None:
    """Delays the join of the speaker with the latest first utterance to shortly before it."""
    first_s: dict[int, float] = {}
    for utterance in conversation.utterances:
        first_s.setdefault(utterance.speaker, utterance.start_s)
    late = max(first_s, key=lambda speaker: first_s[speaker])
    for stay in conversation.stays:
        if stay.participant == late:
            stay.join_s = round(max(0.0, first_s[late] - rng.uniform(5, 25)), 3)


def videos_of(conversation: Conversation, rng: Random) -> list[Video]:
    """Webcams of most participants, some with a pause, and a shared screen of the host in long meetings."""
    videos = []
    for stay in conversation.stays:
        is_bot = conversation.participants[stay.participant].name == BOT_NAME
        if rng.random() > 0.65 or is_bot or stay.leave_s - stay.join_s < 30:
            continue
        start_s, end_s = max(0.0, stay.join_s) + rng.uniform(0.5, 6), stay.leave_s - rng.uniform(0.1, 1.5)
        if end_s - start_s > 400 and rng.random() < 0.3:
            pause_s = start_s + (end_s - start_s) * rng.uniform(0.3, 0.7)
            videos.append(Video(stay.participant, "webcam", round(start_s, 3), round(pause_s, 3)))
            start_s = pause_s + rng.uniform(20, 120)
        videos.append(Video(stay.participant, "webcam", round(start_s, 3), round(end_s, 3)))
    if conversation.duration_s > 900:
        host = conversation.stays[0]
        start_s = host.join_s + (host.leave_s - host.join_s) * rng.uniform(0.1, 0.5)
        end_s = min(host.leave_s - 2, start_s + rng.uniform(120, 700))
        videos.append(Video(host.participant, "screenshare", round(start_s, 3), round(end_s, 3)))
    return videos


def chats_of(conversation: Conversation, rng: Random, *, to: str, count: int) -> list[Chat]:
    """Chat messages of participants, sent while they are present."""
    texts = rng.sample(vocabulary("english")["chat" if to == "everyone" else "chat_to_bot"], count)
    chats = []
    for text in texts:
        stay = rng.choice(conversation.stays)
        at_s = rng.uniform(max(1.0, stay.join_s + 1), stay.leave_s - 1)
        chats.append(Chat(stay.participant, round(at_s, 3), text, to))
    return chats
