"""Who is waited for before a batch is booked, and for how long."""

from threading import Lock

from bridge.services.spending.company import Company

NOW = 1000.0


def new_company() -> Company:
    return Company(Lock())


def booked(company: Company, answered: int, waiting: int, took_s: float = 0.005) -> None:
    company.note_booking(answered, waiting, took_s=took_s, now=NOW)


def test_at_first_nobody_is_expected() -> None:
    assert new_company().patience_s(1, NOW) == 0


def test_a_caller_who_asks_alone_never_waits() -> None:
    company = new_company()
    booked(company, answered=1, waiting=0)

    assert company.patience_s(1, NOW) == 0


def test_as_many_are_expected_as_were_there_together() -> None:
    company = new_company()
    booked(company, answered=8, waiting=7)

    assert company.patience_s(14, NOW) > 0
    assert company.patience_s(15, NOW) == 0


def test_the_wait_is_as_long_as_the_booking_was_and_never_long() -> None:
    company = new_company()
    booked(company, 4, 4, took_s=0.005)
    as_long = company.patience_s(4, NOW)
    later = company.patience_s(4, NOW + 0.006)
    booked(company, 4, 4, took_s=3)

    assert round(as_long, 6) == 0.005
    assert later == 0
    assert round(company.patience_s(4, NOW), 6) == 0.01


def waits(company: Company, come: int, batches: int) -> list[bool]:
    """Return before which batches it waited; *come*: of four who are missing."""
    waited = []
    for _ in range(batches):
        booked(company, 4, 4)
        waited.append(company.patience_s(4, NOW) > 0)
        if waited[-1]:
            company.learn(4 + come)
    return waited


def test_where_few_come_back_fewer_and_fewer_batches_wait() -> None:
    waited = waits(new_company(), come=1, batches=400)

    assert waited[:12] == [True, False, True, False, False, True, *[False] * 4, True, False]
    assert sum(waited[200:]) == 3  # every 65th


def test_once_they_come_back_each_batch_waits_again() -> None:
    company = new_company()
    waits(company, come=0, batches=3)

    assert waits(company, come=2, batches=8) == [False, False, *[True] * 6]
