"""Words that several surfaces show, to be translated where they are shown."""

from bridge.domain.quotas import Module
from bridge.web.http.formatting import mark

MODULE_NAMES = {
    Module.CHAT: mark("Chatbot"),
    Module.AI_FORMS: mark("AI Forms"),
    Module.IMAGE_GENERATOR: mark("Image generator"),
}

ORDER_STATUSES = {
    "": mark("Granted"),
    "completed": mark("Completed"),
    "processing": mark("Processing"),
    "on-hold": mark("On hold"),
    "pending": mark("Pending payment"),
    "refunded": mark("Refunded"),
    "cancelled": mark("Cancelled"),
    "failed": mark("Failed"),
    "trash": mark("Cancelled"),
}
