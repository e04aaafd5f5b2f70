"""
The peer plugin's names, and what the site keeps under them.

The only file that knows them (the ledger's table excepted, which is `ledger.py`).
"""

import json
from collections.abc import Mapping
from typing import Any

from bridge.domain.ids import Credits
from bridge.domain.limits import Limits, parse_limits
from bridge.domain.names import AMOUNT_KEY
from bridge.domain.notices import ActionKind, ActionSettings, NoticeSettings
from bridge.domain.packages import ProductMeta
from bridge.domain.quotas import Context, Counter, Module, whole_number

PLUGIN_FILE = "gpt3-ai-content-generator/gpt3-ai-content-generator.php"
BALANCE_KEY = "_aipkit_token_balance"
IS_PACKAGE_KEY = "_aipkit_is_token_package"
PRICES_TABLE = "{p}aipkit_pricing_rules"
GUESTS_TABLE = "{p}aipkit_guest_token_usage"
LOGS_TABLE = "{p}aipkit_chat_logs"
CHATBOT_TYPE = "aipkit_chatbot"
BOT_PROVIDER_KEY = "_aipkit_provider"
BOT_MODEL_KEY = "_aipkit_model"
CHAT_OPERATION = "chat"
HEARTBEAT_OPTION = "aipkit_bridge_heartbeat"
SETTINGS_VERSION_OPTION = "aipkit_bridge_settings_version"
SHOP_URL_OPTION = "aipkit_token_shop_page_url"
DASHBOARD_URL_OPTION = "aipkit_token_dashboard_page_url"
SETTINGS_OPTION = {
    Module.IMAGE_GENERATOR: "aipkit_image_generator_settings",
    Module.AI_FORMS: "aipkit_ai_forms_settings",
}
MODULE_FIELDS_KEY = "token_management"
"""Where a module's option holds its limit fields."""
FIELD_NAMES = {
    "mode": "token_limit_mode",
    "user_limit": "token_user_limit",
    "guest_limit": "token_guest_limit",
    "period": "token_reset_period",
}
"""The peer's names of the fields of `Limits`."""
ROLES_FIELD = "token_role_limits"
LIMIT_FIELDS = (
    *FIELD_NAMES.values(),
    ROLES_FIELD,
    "token_limit_message",
    *(
        f"token_limit_{place}_action_{part}"
        for place in ("primary", "secondary")
        for part in ("type", "label", "url")
    ),
)
BOT_KEY_PREFIX = "_aipkit_"
BOT_LIMIT_KEYS = tuple(BOT_KEY_PREFIX + field for field in LIMIT_FIELDS)
_FIXED_COUNTERS = {
    Module.IMAGE_GENERATOR: ("_aipkit_img_tokens_used", "_aipkit_img_tokens_reset"),
    Module.AI_FORMS: ("_aipkit_aiforms_tokens_used", "_aipkit_aiforms_tokens_reset"),
}
_CHAT_COUNTER, _CHAT_STAMP = CHAT_COUNTER_PREFIXES = (
    "_aipkit_token_usage_",
    "_aipkit_last_token_reset_",
)
FIXED_CREDIT_KEYS = (BALANCE_KEY, *(key for keys in _FIXED_COUNTERS.values() for key in keys))
"""With those of chatbots all metas that say what a user owns and has used."""
_GUEST_CONTEXT = {Module.IMAGE_GENERATOR: 0, Module.AI_FORMS: 1}


def guest_context(context: Context) -> int:
    """Return the `bot_id` of the guests' table."""
    return context.bot_id if context.bot_id is not None else _GUEST_CONTEXT[context.module]


def counter_keys(context: Context) -> tuple[str, str]:
    """Return the usermeta keys of the counter and of its stamp."""
    if context.module is Module.CHAT:
        return f"{_CHAT_COUNTER}{context.bot_id}", f"{_CHAT_STAMP}{context.bot_id}"
    return _FIXED_COUNTERS[context.module]


def effective_balance(text: str | None) -> Credits:
    """Return the balance a stored text stands for: not numeric or below 0 is 0, `12.7` is 12."""
    return Credits(max(0, whole_number(text) or 0))


def read_counter(metas: Mapping[str, str | None], context: Context) -> Counter:
    """Return a counter out of a user's metas."""
    used_key, stamp_key = counter_keys(context)
    used = whole_number(metas.get(used_key)) or 0
    return Counter(Credits(max(0, used)), whole_number(metas.get(stamp_key)) or 0)


def read_product(metas: Mapping[str, str | None]) -> ProductMeta:
    """Return a product's or variation's two metas."""
    return ProductMeta(metas.get(IS_PACKAGE_KEY), metas.get(AMOUNT_KEY))


def bot_fields(metas: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return a chatbot's limit fields by the names that modules have for them."""
    return {field: metas.get(BOT_KEY_PREFIX + field) for field in LIMIT_FIELDS}


def module_fields(option: object) -> Mapping[str, Any]:
    """Return the limit fields in a module's unserialized settings option."""
    fields = option.get(MODULE_FIELDS_KEY) if isinstance(option, dict) else None
    return fields if isinstance(fields, dict) else {}


def limits_in(fields: Mapping[str, Any]) -> Limits:
    """Return the limits that fields say."""
    texts = {name: _text(fields.get(field)) for name, field in FIELD_NAMES.items()}
    roles = fields.get(ROLES_FIELD)
    return parse_limits(texts, _role_limits(roles), _unread_roles(roles))


def notice_in(fields: Mapping[str, Any]) -> NoticeSettings:
    """Return what fields say to those who have used a limit up."""
    return NoticeSettings(
        message=str(fields.get("token_limit_message") or "").strip(),
        primary=_action(fields, "primary"),
        secondary=_action(fields, "secondary"),
    )


def _role_limits(stored: object) -> dict[str, str | None]:
    """Read limits of roles: JSON from the peer's screens, in its options too, else an array."""
    roles = stored if isinstance(stored, dict) else json_object(stored)
    return {str(role): _text(limit) for role, limit in roles.items()}


def _unread_roles(stored: object) -> str | None:
    """Return what stands where limits of roles should; nothing and PHP's `[]` are none."""
    if isinstance(stored, dict) or json_object(stored):
        return None
    text = _text(stored) or ""
    return None if text.strip() in ("", "[]", "{}", "null", "None") else text


def json_object(text: object) -> dict[str, Any]:
    """Return the object in a JSON text; empty for anything else, PHP's empty `[]` as well."""
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _action(fields: Mapping[str, Any], place: str) -> ActionSettings:
    kind, label, url = (
        str(fields.get(f"token_limit_{place}_action_{part}") or "").strip()
        for part in ("type", "label", "url")
    )
    known = ActionKind(kind) if kind in set(ActionKind) else ActionKind.NONE
    return ActionSettings(known, label, url)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
