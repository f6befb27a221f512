"""What a permit is, and how its wire form is read."""

from dataclasses import dataclass
from datetime import date

STATES = ("received", "under review", "granted", "refused", "withdrawn")


@dataclass(frozen=True)
class Permit:
    """A building permit as the office publishes it."""

    number: str
    state: str
    decided: date | None

    def line(self) -> str:
        """Return the permit as one line of text."""
        when = f" on {self.decided:%Y-%m-%d}" if self.decided else ""
        return f"{self.number}  {self.state}{when}"


def from_wire(record: dict) -> Permit:
    """Read one record of the service; raise ValueError if its state is unknown."""
    if record["state"] not in STATES:
        raise ValueError(f"unknown state: {record['state']}")
    decided = record.get("decided")
    return Permit(record["number"], record["state"], date.fromisoformat(decided) if decided else None)
