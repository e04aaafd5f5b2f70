"""The signature of outgoing webhooks."""

from bridge.webhooks.post import Message, sign


def test_a_known_answer_of_the_specification() -> None:
    """As the published libraries of Standard Webhooks have it in their tests."""
    message = Message("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}')

    signature = sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", message, 1614265330)

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
