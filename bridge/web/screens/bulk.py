"""`/admin/credits/bulk`, `/admin/credits/import`: changes of many accounts at once."""

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from bridge.domain.bulks import Bulk, BulkState
from bridge.domain.errors import BridgeError, InvalidInputError
from bridge.domain.sentences import CountedSentence, Sentence
from bridge.services.bulk.decide import discard_bulk, start_bulk
from bridge.services.bulk.make import MAX_FILE_BYTES, MAX_FILE_MIB, undo_bulk
from bridge.services.bulk.view import BulkView, list_bulks, list_problems, view_bulk
from bridge.web.http.deps import get_bridge
from bridge.web.http.links import url_for
from bridge.web.http.parsing import checked_form
from bridge.web.http.passage import current_passage
from bridge.web.http.reader import say
from bridge.web.http.sending import send_csv, send_json
from bridge.web.screens.admin import current_admin, require_admin
from bridge.web.screens.bulk_forms import (
    ImportForm,
    MatchingForm,
    SelectedForm,
    WhomForm,
    ask_import,
    ask_matching,
    ask_selected,
    describe_source,
)
from bridge.web.screens.credits_forms import UNDONE
from bridge.web.screens.credits_query import AccountListForm, parse_asked
from bridge.web.screens.frame import init_screens, new_key, refuse, render, wants_json

bp = Blueprint("bulk", __name__, url_prefix="/admin/credits")
init_screens(bp)

_FORM_BYTES = 64 * 1024
"""What a form has beside its file."""


class FileTooLargeError(BridgeError):
    """An uploaded file is longer than the worker reads."""

    code = "body_too_large"


@bp.post("/bulk")
def make() -> ResponseReturnValue:
    """Ask for credits for the ticked accounts, or for all that a filter finds."""
    admin = require_admin()
    if checked_form(WhomForm).whom == "matching":
        asked = parse_asked(checked_form(AccountListForm))
        return _lead_to(ask_matching(admin, asked, checked_form(MatchingForm)))
    return _lead_to(ask_selected(admin, checked_form(SelectedForm)))


@bp.get("/import")
def show_import() -> ResponseReturnValue:
    """Show the form for a file, and the last changes of many accounts."""
    admin, bridge = require_admin(), get_bridge()
    return render(
        "admin/import.html",
        bridge.site.get(),
        admin=admin,
        recent=list_bulks(bridge.db),
        describe_source=describe_source,
        max_mib=_max_mib(),
        new_key=new_key,
    )


@bp.post("/import")
def upload() -> ResponseReturnValue:
    """Keep a file of changes, for the worker to read."""
    current_admin()  # before anything of a large body is taken in
    request.max_content_length = MAX_FILE_BYTES + _FORM_BYTES
    admin, file = require_admin(), request.files.get("file")
    if file is None or not file.filename:
        raise InvalidInputError(Sentence("Choose a CSV file first."))
    return _lead_to(ask_import(admin, checked_form(ImportForm), file.stream, file.filename))


@bp.get("/bulk/<int:bulk_id>")
def show(bulk_id: int) -> ResponseReturnValue:
    """Show a change of many accounts: what it would do, how far it is, what came of it."""
    admin, bridge = require_admin(), get_bridge()
    view = view_bulk(bridge.db, bulk_id)
    if wants_json():
        share, text = share_done(view.bulk), say(_progress(view))
        return send_json({"state": view.bulk.state, "share": share, "text": text})
    return render(
        "admin/bulk.html",
        bridge.site.get(),
        admin=admin,
        view=view,
        bulk=view.bulk,
        source=describe_source(view.bulk),
        share=share_done(view.bulk),
        progress=_progress(view),
        is_moving=view.bulk.state in (BulkState.READING, BulkState.BOOKING),
    )


@bp.post("/bulk/<int:bulk_id>/start")
def start(bulk_id: int) -> ResponseReturnValue:
    """Have it booked."""
    admin = require_admin()
    start_bulk(get_bridge().db, bulk_id, by=admin.caller)
    return _lead_to(bulk_id)


@bp.post("/bulk/<int:bulk_id>/undo")
def undo(bulk_id: int) -> ResponseReturnValue:
    """Ask for all of it to be taken back; it is looked at before it is booked, as any other."""
    admin = require_admin()
    return _lead_to(undo_bulk(get_bridge().db, bulk_id, UNDONE, by=admin.caller))


@bp.post("/bulk/<int:bulk_id>/discard")
def discard(bulk_id: int) -> ResponseReturnValue:
    """Discard it."""
    require_admin()
    discard_bulk(get_bridge().db, bulk_id)
    return _lead_to(bulk_id)


@bp.get("/bulk/<int:bulk_id>/problems.csv")
def download_problems(bulk_id: int) -> ResponseReturnValue:
    """Send the lines that are wrong or were not booked."""
    require_admin()
    return send_csv(list_problems(get_bridge().db, bulk_id), f"not-booked-{bulk_id}.csv")


@bp.errorhandler(RequestEntityTooLarge)
def too_large(_: RequestEntityTooLarge) -> ResponseReturnValue:
    """Say how large a file may be."""
    return refuse(
        FileTooLargeError(Sentence("The file is larger than {most} MiB.", most=MAX_FILE_MIB))
    )


def share_done(bulk: Bulk) -> float | None:
    """Return how much of what is under way is done, from 0 to 1; None: nobody knows."""
    if bulk.state is BulkState.READING:
        return bulk.position / bulk.size if bulk.size else None
    return bulk.settled_lines / bulk.ready_lines if bulk.ready_lines else 1.0


def _max_mib() -> int:
    """Return how large a file may be, on its way through WordPress's web server as well."""
    passage = current_passage()
    return min(MAX_FILE_MIB, max(1, passage.claims.upload // 2**20)) if passage else MAX_FILE_MIB


def _progress(view: BulkView) -> Sentence:
    bulk = view.bulk
    if not view.is_worked_on:
        return Sentence("No worker is running: start aipkit-bridge worker, and this goes on.")
    if bulk.state is BulkState.READING:
        seen = bulk.ready_lines + bulk.wrong_lines + bulk.same_lines
        return CountedSentence("{count:,} account looked at", "{count:,} accounts looked at", seen)
    return CountedSentence(
        "{done:,} of {count:,} account",
        "{done:,} of {count:,} accounts",
        bulk.ready_lines,
        done=bulk.settled_lines,
    )


def _lead_to(bulk_id: int) -> ResponseReturnValue:
    """Lead to its page, so that to reload it repeats nothing."""
    return redirect(url_for("bulk.show", bulk_id=bulk_id), 303)
