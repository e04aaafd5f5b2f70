"""The forms of signing in, and what every form of somebody signed in carries."""

from bridge.web.http.parsing import Form


class SignInForm(Form):
    """The token of a link, and where it leads."""

    token: str
    next: str


class SignedForm(Form):
    """Any form of a screen: the session's own word, which no other site knows."""

    csrf: str
