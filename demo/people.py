"""Who is on the demo's site."""

import unicodedata
from dataclasses import dataclass

_FIRST_ID = 2


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the demo site."""

    user_id: int
    login: str
    name: str
    role: str

    @property
    def email(self) -> str:
        """Their address, which goes nowhere."""
        return f"{self.login}@demo.example"


ADMIN = Person(1, "admin", "Demo Admin", "administrator")

_NAMES = (
    "Ada Lovelace", "Grace Hopper", "Linus Berg", "Amara Okafor", "Yuki Tanaka",
    "Mateo Rossi", "Freya Lindqvist", "Priya Raman", "Omar Haddad", "Chloé Laurent",
    "Tomás Silva", "Mei Chen", "Jonas Weber", "Aylin Demir", "Noah Clarke",
    "Zofia Nowak", "Diego Herrera", "Ines Moreau", "Kofi Mensah", "Leila Farahani",
    "Erik Johansson", "Hana Kim", "Lucas Martin", "Nadia Petrova", "Oliver Wright",
    "Sofia Costa", "Rahul Mehta", "Emma Fischer", "Thabo Ndlovu", "Camille Dubois",
    "Can Yıldız", "Isla Murray", "Marco Bianchi", "Elif Kaya", "Daniel Novak",
    "Rosa Jiménez", "Felix Braun", "Aiko Sato", "Liam Murphy", "Marta Kowalska",
    "Samuel Osei", "Nina Hoffmann", "Arjun Nair", "Eva Jensen", "Bruno Alves",
    "Clara Schmidt", "Malik Rahman", "Julia Svensson",
)  # fmt: skip


def _login(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("ı", "i"))
    return plain.encode("ascii", "ignore").decode().lower().replace(" ", ".")


MEMBERS = tuple(
    Person(_FIRST_ID + at, _login(name), name, "editor" if at == 2 else "customer")
    for at, name in enumerate(_NAMES)
)
FEATURED = MEMBERS[:3]
"""Those who have a page of their own in the demo's menu."""
