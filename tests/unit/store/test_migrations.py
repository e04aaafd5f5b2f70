"""The files of migrations."""

from bridge.store.migrate import known_migrations


def test_each_migration_has_a_number_of_its_own() -> None:
    numbers = [migration.name.partition("_")[0] for migration in known_migrations()]

    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
