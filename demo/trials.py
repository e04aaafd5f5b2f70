"""What a member can try on the demo's page: two uses, paid for through holds."""

from dataclasses import dataclass
from typing import Any

from bridge.client import Client, Denied
from bridge.client.bodies import Module
from demo.prices import SUPPORT


@dataclass(frozen=True, slots=True)
class Trial:
    """One button."""

    name: str
    title: str
    price: int
    module: Module
    context_id: int | None
    model: str
    operation: str
    most: dict[str, object]  # what it may take, by the provider's numbers
    used: dict[str, object]  # what it takes in the end
    done: str


TRIALS = {
    trial.name: trial
    for trial in (
        Trial(
            "chat",
            "Ask a question",
            120,
            "chat",
            SUPPORT,
            "gpt-4.1-mini",
            "chat",
            {"input_tokens": 2_000, "output_tokens": 2_000},
            {"input_tokens": 2_000, "output_tokens": 1_000},
            "The answer was shorter than it might have been.",
        ),
        Trial(
            "image",
            "Make an image",
            400,
            "image_generator",
            None,
            "gpt-image-1",
            "generate",
            {"image_count": 1},
            {"image_count": 1},
            "An image costs what was reserved for it.",
        ),
    )
}


def reserve(client: Client, user_id: int, trial: Trial) -> dict[str, Any]:
    """Hold the most that it may cost; say what that leaves, or why it is denied."""
    try:
        hold = client.hold(
            user_id=user_id,
            module=trial.module,
            context_id=trial.context_id,
            usage={
                "provider": "openai",
                "model": trial.model,
                "operation": trial.operation,
                "data": trial.most,
            },
        )
    except Denied as denied:
        return {"denied": denied.notice.message or denied.detail}
    account = client.account(user_id)
    return {"hold": hold.id, "reserved": hold.credits, "available": account.available}


def settle(client: Client, user_id: int, trial: Trial, hold_id: str) -> dict[str, Any]:
    """Book what was really used; say what of the hold is free again."""
    reserved = client.get_hold(hold_id).credits
    booking = client.commit_hold(hold_id, data=trial.used)
    return {
        "reserved": reserved,
        "used": booking.billed_credits,
        "freed": reserved - booking.billed_credits,
        "available": client.account(user_id).available,
    }
