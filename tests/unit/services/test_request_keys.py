"""Idempotency keys: by which digests a request is known, in this version and those before."""

from bridge.services.spending.idempotency import KeyPurpose, request_key

SITE = "https://shop.example"
ASKED = {"user": 5, "delta": 10, "expected": None}


def test_digests_are_those_that_databases_hold() -> None:
    """A change of many accounts may have been half booked by the version before."""
    key = request_key(SITE, "bulk:7", KeyPurpose.ADJUST, "3", ASKED)

    assert [text.hex() for text in (key.digest, key.request_hash, key.with_request)] == [
        "d31f574bf18ff8e6fcc02141152e614a4a21b67d773f496350323f703fcb0326",
        "4b9f0a091ec55d2c70ef96484559b866ae7d6772c2a4add3d254ea96b9212a8e",
        "570b755e1c12e8f05e2d64a0095bdbbfa7fefd85c33ccdfe5e3f58410632bf7b",
    ]


def test_the_same_text_is_another_key_elsewhere() -> None:
    keys = {
        request_key(site, caller, operation, key, ASKED).digest
        for site in (SITE, "https://other.example")
        for caller in ("api:chat", "admin:1")
        for operation in KeyPurpose
        for key in ("1", "2")
    }

    assert len(keys) == 2 * 2 * len(KeyPurpose) * 2
