"""Sentences for people, said in English here and in the reader's language on screens."""

from collections.abc import Callable, Mapping


class Sentence(str):
    """
    What is said to people: an English text that remembers what it was made of.

    Programs, logs and tables get the text as it is. Screens look the template up in a catalog
    and fill in the arguments again. ``{count:,}`` is a figure, written as the language has it;
    other arguments stay as they are.
    """

    template: str
    arguments: Mapping[str, object]

    def __new__(cls, template: str, /, **arguments: object) -> "Sentence":
        """Say *template* with its *arguments*; `make pot` collects templates by this call."""
        text = super().__new__(cls, template.format_map(arguments) if arguments else template)
        text.template, text.arguments = template, arguments
        return text

    def translated(
        self, template: str, say: Callable[[str], str], number: Callable[[int], str]
    ) -> str:
        """Say it by the *template* of another language; *number* writes figures there."""
        if not self.arguments:
            return template
        return template.format_map(
            {name: _shown(value, say, number) for name, value in self.arguments.items()}
        )


class CountedSentence(Sentence):
    """One that depends on ``count``, its argument of that name."""

    many: str
    number: int

    def __new__(cls, one: str, many: str, /, count: int, **arguments: object) -> "CountedSentence":
        """Say *one* if *count* is 1, else *many*."""
        template = one if count == 1 else many
        text = str.__new__(cls, template.format_map({"count": count, **arguments}))
        text.template, text.many, text.number = one, many, count
        text.arguments = {"count": count, **arguments}
        return text


def _shown(value: object, say: Callable[[str], str], number: Callable[[int], str]) -> object:
    if isinstance(value, Sentence):
        return say(value)
    return _Figure(value, number) if isinstance(value, int) else value


class _Figure:
    """A number that is written as a language has it where a template says `:,`."""

    def __init__(self, value: int, number: Callable[[int], str]) -> None:
        self._value, self._number = value, number

    def __format__(self, spec: str) -> str:
        return self._number(self._value) if spec == "," else format(self._value, spec)
