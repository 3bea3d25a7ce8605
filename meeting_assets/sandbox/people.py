"""People in the sample meetings: staff of the company Harbourlight, its customers, and their data on each platform."""

from dataclasses import dataclass
from hashlib import sha256
from random import Random
from uuid import UUID

from .world import Json, identifier

DOMAIN = "harbourlight.example"
BOT_NAME = "Harbourlight Notetaker"


@dataclass(frozen=True)
class Person:
    name: str
    """Display name on the platform."""
    spoken: str
    """First name, as used in dialogue."""
    email: str | None = None
    is_guest: bool = False

    @property
    def key(self) -> str:
        return self.email or self.name


def staff(name: str, spoken: str | None = None) -> Person:
    first = spoken or name.split()[0]
    ascii_name = "".join(c for c in name.lower().replace(" ", ".") if c in "abcdefghijklmnopqrstuvwxyz.-")
    return Person(name, first, f"{ascii_name}@{DOMAIN}")


def guest(name: str, company: str, spoken: str | None = None) -> Person:
    first = spoken or name.split()[0]
    return Person(name, first, f"{first.lower()}@{company}.example", is_guest=True)


TEAMS: dict[str, tuple[Person, ...]] = {
    "platform": (
        staff("Priya Raman"),
        staff("Jonas Weber"),
        staff("Lucia Ferrer"),
        staff("Tomasz Zielinski"),
        staff("Amara Okoye"),
        staff("Ben Whitfield"),
        staff("Leo Marchetti"),
        staff("Nadia Karim"),
    ),
    "product": (
        staff("Camille Laurent"),
        staff("Oskar Lindqvist"),
        staff("Mei-Ling Chou"),
        staff("David Abrams"),
        staff("Fatima El-Sayed"),
        staff("Nia Thompson"),
        staff("Gabriel Santos"),
    ),
    "customer": (
        staff("Elena Popescu"),
        staff("Marcus Grant"),
        staff("Sanne de Vries"),
        staff("Joana Pinto"),
        staff("Kofi Mensah"),
        staff("Ruth Feldman"),
    ),
    "office": (
        staff("Clara Hoffmann"),
        staff("Adrian Cole"),
        staff("Isabel Navarro"),
        staff("Samuel Adeyemi"),
        staff("Petra Novak"),
        staff("Hugo Bernard"),
        staff("Linnea Berg"),
        staff("Omar Haddad"),
    ),
}

COMPANIES: dict[str, tuple[Person, ...]] = {
    "bellweather": (guest("Martin Hale", "bellweather"), guest("Agnes Dufour", "bellweather")),
    "ottoline": (guest("Victor Stein", "ottoline"), guest("Beatriz Lopes", "ottoline")),
    "tidewater": (guest("Karin Solberg", "tidewater"), guest("Alistair Munro", "tidewater")),
    "brightyard": (guest("Simona Greco", "brightyard"), guest("Filip Horvat", "brightyard")),
    "fairlane": (guest("Wendy Archer", "fairlane"), guest("Pieter Janssen", "fairlane")),
    "saltmarsh": (guest("Declan Moran", "saltmarsh"), guest("Ottilie Brandt", "saltmarsh")),
    "copperfield": (guest("Rosa Jimenez", "copperfield"), guest("Emil Kovac", "copperfield")),
}

UNUSUAL = (
    guest("Siobhan O'Donnell-Reyes", "tidewater", "Siobhan"),
    guest("Kai 🌊 Moana", "brightyard", "Kai"),
    guest("سلمى حداد", "saltmarsh", "salma"),
)
GENERIC = (
    Person("Guest", "Rob", is_guest=True),
    Person("Participant", "Anita", is_guest=True),
    Person("Unknown", "Jules", is_guest=True),
    Person("Speaker 2", "Stefan", is_guest=True),
)
SAME_NAME = (
    Person("Maria Garcia", "Maria", f"maria.garcia@{DOMAIN}"),
    Person("Maria Garcia", "Maria", "mgarcia@fairlane.example", is_guest=True),
)
JAPANESE = (
    Person("佐藤 美咲", "佐藤 さん", f"member1@{DOMAIN}"),
    Person("鈴木 健太", "鈴木 さん", f"member2@{DOMAIN}"),
    Person("高橋 由美", "高橋 さん", f"member3@{DOMAIN}"),
    Person("伊藤 翔", "伊藤 さん", f"member4@{DOMAIN}"),
)


def pace_wpm(person: Person) -> float:
    """Speech rate of a person, between 145 and 185 words per minute."""
    return 145 + _digest(person)[0] / 255 * 40


def talkativeness(person: Person) -> float:
    """Relative weight with which a person is chosen as a speaker."""
    return 0.5 + _digest(person)[1] / 255


def client(person: Person, platform: str, rng: Random) -> str:
    """The API's `participant.platform`: the kind of client, not the meeting's platform."""
    if platform in ("microsoft_teams", "webex"):
        return "unknown" if rng.random() < 0.8 else "dial-in"
    return rng.choices(("desktop", "mobile_app", "dial-in"), (16, 3, 1 if person.is_guest else 0))[0]


def extra_data(person: Person, platform: str, rng: Random, *, is_host: bool) -> Json | None:
    """Participant data of the platform; `user_guid` differs in each meeting, the other ids are stable."""
    stable = _digest(person)
    match platform:
        case "zoom":
            return {
                "zoom": {
                    "os": rng.choice((1, 2, 4)),
                    "guest": person.is_guest,
                    "user_guid": str(UUID(int=rng.getrandbits(128), version=4)).upper(),
                    "conf_user_id": _base62(stable[:17]),
                }
            }
        case "microsoft_teams":
            return {
                "microsoft_teams": {
                    "role": "organizer" if is_host else "presenter",
                    "meeting_role": "organizer" if is_host else "attendee",
                    "participant_type": "anonymous" if person.is_guest else "inTenant",
                    "user_id": f"8:orgid:{identifier('teams', person.key)}",
                    "tenant_id": identifier("tenant", (person.email or "guest").rpartition("@")[2]),
                    "client_version": "CallSignalingAgent (27/1.0)",
                }
            }
        case "google_meet":
            return {"google_meet": {"static_participant_id": _base62(stable[:14])}}
    return rng.choice((None, {}))


def _digest(person: Person) -> bytes:
    return sha256(person.key.encode()).digest()


def _base62(raw: bytes) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return "".join(letters[byte % 62] for byte in raw)
