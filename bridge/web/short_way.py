"""
The short way: calls that come thousands of times a minute are answered before Flask's layers.

Routing, contexts, sessions and hooks of a framework cost three times what such a call does by
itself. Which calls go this way, and by whom they are answered, is read from Flask's own routes:
those whose view is a `CallView`. All other requests, and those with a body of unknown or excessive
length, go on to Flask.
"""

import uuid
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, TypeAlias
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from werkzeug.routing import Rule

from bridge.web.http.calls import Call, CallView
from bridge.web.http.deps import bridge_of
from bridge.web.http.problems import reply_to
from bridge.web.http.sending import Reply
from bridge.web.turns import Turns

View: TypeAlias = CallView[Any]

_STATUS_LINES = {status.value: f"{status.value} {status.phrase.upper()}" for status in HTTPStatus}


class ShortWay:
    """Stands before an application of Flask, as WSGI."""

    def __init__(self, app: Flask, turns: Turns) -> None:
        """Read the routes, which must all be there."""
        self._app = app
        self.behind: WSGIApplication = app.wsgi_app
        self._turns = turns
        self._longest = int(app.config["MAX_CONTENT_LENGTH"])
        self._views: dict[tuple[str, str], View] = {}
        self._views_of_one: dict[tuple[str, str, str], View] = {}
        for rule in app.url_map.iter_rules():
            view = app.view_functions[rule.endpoint]
            if isinstance(view, CallView):
                self._add(rule, view)

    def _add(self, rule: Rule, view: View) -> None:
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            before, _, behind = rule.rule.partition("<")
            if not behind:
                self._views[method, rule.rule] = view
            else:
                after = behind.partition(">")[2]
                self._views_of_one[method, before, after] = view

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or let Flask do so."""
        view, arguments = self._find(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        length = _length(environ)
        if view is None or environ.get("SCRIPT_NAME") or not 0 <= length <= self._longest:
            return self.behind(environ, start_response)
        body = environ["wsgi.input"].read(length) if length else b""
        if len(body) < length:  # its sender is gone
            return self.behind(environ, start_response)
        reply = self._answer(view, arguments, environ, body)
        sent = reply.body.encode() if isinstance(reply.body, str) else reply.body
        headers = {"API-Version": "1", **reply.headers}
        if reply.status != HTTPStatus.NOT_MODIFIED:
            headers |= {"Content-Type": reply.media_type, "Content-Length": str(len(sent))}
        start_response(_STATUS_LINES[reply.status], list(headers.items()))
        return [sent]

    def _find(self, method: str, path: str) -> tuple[View | None, tuple[str, ...]]:
        view = self._views.get((method, path))
        if view is not None:
            return view, ()
        for (its_method, before, after), view in self._views_of_one.items():
            if method == its_method and path.startswith(before) and path.endswith(after):
                argument = path[len(before) : len(path) - len(after)]
                if argument and "/" not in argument:
                    return view, (argument,)
        return None, ()

    def _answer(
        self, view: View, arguments: tuple[str, ...], environ: WSGIEnvironment, body: bytes
    ) -> Reply:
        request_id = uuid.uuid4().hex
        has_place = False
        try:
            self._turns.take_or_refuse()
            has_place = True
            call = Call(
                bridge=bridge_of(self._app),
                authorization=environ.get("HTTP_AUTHORIZATION", ""),
                idempotency_key=environ.get("HTTP_IDEMPOTENCY_KEY"),
                read_body=lambda: body,
                request_id=request_id,
                query_string=environ.get("QUERY_STRING", "").encode("latin-1"),
                if_none_match=environ.get("HTTP_IF_NONE_MATCH", ""),
                rendering=self._app.app_context,
            )
            return view.handler(call, *arguments)
        except Exception as error:  # noqa: BLE001  # a defect has its answer, too
            return reply_to(error, environ["PATH_INFO"], request_id)
        finally:
            if has_place:
                self._turns.give_back()


def _length(environ: WSGIEnvironment) -> int:
    """Return how long the body is said to be; -1 if that is not known, or no number."""
    text = environ.get("CONTENT_LENGTH", "")
    if text.isdecimal():
        return int(text)
    return 0 if not text and environ["REQUEST_METHOD"] == "GET" else -1
