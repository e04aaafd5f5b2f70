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

    def translated(self, find: Callable[[str], str], number: Callable[[int], str]) -> str:
        """Say it in another language: *find* finds a template there, *number* writes figures."""
        return filled(find(self.template), self.arguments, number)


class CountedSentence(Sentence):
    """One that depends on ``count``, its argument of that name."""

    many: str

    def __new__(cls, one: str, many: str, /, count: int, **arguments: object) -> "CountedSentence":
        """Say *one* if *count* is 1, else *many*."""
        template = one if count == 1 else many
        text = str.__new__(cls, template.format_map({"count": count, **arguments}))
        text.template, text.many = one, many
        text.arguments = {"count": count, **arguments}
        return text


def filled(template: str, arguments: Mapping[str, object], number: Callable[[int], str]) -> str:
    """Return a template with its arguments, figures as *number* writes them."""
    if not arguments:
        return template
    shown = {
        name: _Figure(value, number) if isinstance(value, int) else value
        for name, value in arguments.items()
    }
    return template.format_map(shown)


class _Figure:
    """A number that is written as a language has it where a template says `:,`."""

    def __init__(self, value: int, number: Callable[[int], str]) -> None:
        self._value, self._number = value, number

    def __format__(self, spec: str) -> str:
        return self._number(self._value) if spec == "," else format(self._value, spec)
