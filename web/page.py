"""The page and its API, around an identifier that is loaded once."""

import base64
import html
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qs

import gradio as gr

from fontid.catalogue.faces import Face
from fontid.catalogue.own import EnrolmentError
from fontid.identifier import Answer, FontIdentifier
from fontid.picture.opening import PictureError
from fontid.text.lines import Line
from web import batch
from web.addresses import AddressError, fetch
from web.browse import PAGE, alternatives_html, browse_html, families_html, family_cards, family_html, find_families
from web.cards import answer_html, cards_html, ordered, rows_from_query, similar_html, styles_html
from web.endpoints import endpoints
from web.fetching import confine_gradio
from web.filters import FILTERS, filters_html, wanted
from web.head import name_page
from web.own_fonts import OwnFonts, identifier_for, take
from web.programs import speak_plainly
from web.specimens import font_package
from web.stage import EXAMPLES, View, stage_html, start_html
from web.telling import telling_letters
from web.turns import TURNS, Busy
from web.uploads import keep, take_files_as_they_come, uploaded
from web.watching import FEEDBACK, WatchedPage, note
from web.words import HEADLINE, MAP_HINT, MAP_SEARCH, OWN_WORDS, SCRIPT, TITLE

FOLDER = Path(__file__).parent
MAP = FOLDER / "families.webp"
COMPARISON = FOLDER.parent / "docs" / "comparison" / "report.html"
SHOWN = 5  # fonts that may be right
MOST_UNDONE = 20  # views
MOST_SHARED = 20  # fonts found
AT_THE_END = 10**9  # seconds: Gradio deletes what is left when it is ended, before that `web.uploads.Sweeper` does


@dataclass(frozen=True)
class Look:
    """The picture, the lines found in it, which font each shows (from 0), and the line that was picked (None: all)."""

    view: View
    lines: tuple[Line, ...] = ()
    numbers: tuple[int, ...] = ()
    picked: int | None = None


@dataclass
class Visit:
    """What somebody looks at, from the moment they ask for it, among which faces, and their newest action."""

    look: Look | None = None
    newest: object = None
    only: Callable[[Face], bool] | None = None
    own: OwnFonts | None = None
    past: list[View] = field(default_factory=list)

    def look_at(self, look: Look | None) -> object:
        """Returns: what stays `newest` until they do something else."""
        self.look, self.newest = look, object()
        return self.newest


class Outdated(Exception):
    """Somebody has done something else since."""


def problem(error: Exception) -> str:
    note(outcome="refused")
    return f"<p class='problem' role='alert'>{html.escape(str(error))}</p>"


def changed(view: View, asked: dict) -> View:
    """The view after a turn, a crop, or what else was asked for. Raises: PictureError."""
    if "turn" in asked:
        view = view.turned(int(asked["turn"]))
    if "degrees" in asked:
        view = view.straightened(float(asked["degrees"]))
    if "crop" in asked:
        view = view.cropped(asked["crop"])
    return view.whole() if asked.get("whole") else view


def build(identifier: FontIdentifier) -> WatchedPage:
    """The whole page; its named endpoints are `/identify`, `/similar`, `/catalogue` and `/alternatives`."""

    def similar_fonts(asked: dict) -> str:
        row = identifier.catalogue.row_of(str(asked.get("face")))
        if row is None:
            return "<p class='note'>Similar fonts are shown of the shipped catalogue only.</p>"
        return similar_html(identifier, identifier.catalogue.similar(row, SHOWN), str(asked.get("text"))[:60])

    def font_file(face: str) -> dict | None:
        row = identifier.catalogue.row_of(str(face))
        shown = None if row is None else identifier.stand_in(identifier.catalogue.faces[row])
        if shown is None:
            return None
        content = base64.b64encode(font_package(identifier, shown)).decode()
        return {"name": f"{shown.id}.zip", "content": content}

    def family(name: str) -> str:
        return family_html(identifier, str(name))

    def styles(face: str) -> str:
        row = identifier.catalogue.row_of(str(face))
        return "" if row is None else styles_html(identifier, identifier.catalogue.faces[row])

    def telling(asked: dict) -> str:
        return telling_letters(
            identifier, str(asked.get("first")), str(asked.get("second")), str(asked.get("text"))[:200]
        )

    def feedback(judged: str) -> str:
        """Counts it. Returns: which model answered, for a report."""
        FEEDBACK.labels("right" if judged == "right" else "wrong").inc()
        return identifier.version

    confine_gradio()
    speak_plainly()
    take_files_as_they_come()
    name_page(TITLE)
    start = start_html(len(identifier.catalogue.families))
    with WatchedPage(title=TITLE, delete_cache=(AT_THE_END, AT_THE_END)) as page:
        gr.HTML(f"<h1>{HEADLINE}</h1>", elem_id="title")
        visit = gr.State(Visit())
        # what Gradio's own controls would bring costs a request each: the page draws its own
        with gr.Tab("Identify"), gr.Column(elem_id="work"):
            with gr.Column(min_width=280, elem_id="seen"):
                stage = gr.HTML(
                    start, elem_id="stage", apply_default_css=False, js_on_load=(FOLDER / "stage.js").read_text()
                )
            with gr.Column(min_width=280, elem_id="found"):
                gr.HTML(f"<input placeholder='{OWN_WORDS}' aria-label='{OWN_WORDS}'>", elem_id="words")
                options = gr.HTML(
                    filters_html(),
                    elem_id="options",
                    apply_default_css=False,
                    js_on_load=(FOLDER / "filters.js").read_text(),
                )
                own_status = gr.HTML("", elem_id="own-status")
                answer = gr.HTML(
                    "",
                    elem_id="answer",
                    apply_default_css=False,
                    js_on_load=f"const WORDS = {SCRIPT};\n{(FOLDER / 'cards.js').read_text()}",
                    server_functions=[similar_fonts, font_file, styles, telling, feedback, family],
                )
        shown = [stage, answer]
        empty = {stage: start}
        unchanged = {answer: gr.skip()}

        def answered(visit: Visit, seen: Look) -> dict:
            """Updates of `shown` for what is looked at from now on; none where that is something else by then."""
            mine = visit.look_at(seen)
            lines = None
            if seen.lines:
                lines = seen.lines if seen.picked is None else [seen.lines[seen.picked]]
            opened = None

            def identify() -> tuple[FontIdentifier, Answer]:
                nonlocal opened
                if visit.newest is not mine:
                    raise Outdated
                opened = seen.view.open()
                searching = identifier_for(identifier, visit.own)
                return searching, searching.identify(opened, top=SHOWN, only=visit.only, lines=lines)

            try:
                searching, found = TURNS.take(identify)
                if visit.newest is not mine:
                    raise Outdated
            except Outdated:
                return unchanged
            except Busy as error:
                return {answer: problem(error)}
            except ValueError as error:  # PictureError, NoFaces
                if visit.newest is not mine:
                    return unchanged
                if opened is None and seen.lines:  # the answer stays, though the picture has gone
                    gr.Warning(str(error))
                    return unchanged
                if opened is None:
                    visit.look = None
                    return empty | {answer: problem(error)}
                return {stage: stage_html(opened, seen.lines, seen.picked, seen.numbers), answer: problem(error)}
            groups = ordered(found)
            if seen.picked is None:
                numbers = {line: number for number, group in enumerate(groups) for line in group.lines}
                known = seen.lines or lines_of(found)
                seen = visit.look = replace(seen, lines=known, numbers=tuple(numbers.get(line, 0) for line in known))
            numbered = None if seen.picked is None else [seen.numbers[seen.picked]] * len(groups)
            return {
                stage: stage_html(opened, seen.lines, seen.picked, seen.numbers),
                answer: answer_html(searching, found, opened, numbered),
            }

        def begin(file: str, visit: Visit) -> dict:
            visit.past.clear()
            return answered(visit, Look(View(file)))

        def paste(event: gr.EventData, visit: Visit) -> dict:
            """A picture that was sent; where it has gone since, the fonts that its address tells are shown."""
            asked = event._data or {}
            try:
                file = uploaded(str(asked["path"]))
            except gr.Error as error:
                mine = visit.look_at(None)
                said = asked.get("problem") or error.message
                return empty | {answer: problem(ValueError(said)) + shared_html(asked)} if visit.newest is mine else {}
            return begin(file, visit)

        def act(event: gr.EventData, visit: Visit) -> dict:
            """What was clicked on the first screen or on the picture."""
            asked, seen = event._data or {}, visit.look
            if asked.get("example") in EXAMPLES:
                return begin(str(EXAMPLES[asked["example"]]), visit)
            if "url" in asked:
                return go(str(asked["url"]), visit)
            if seen is None or asked.get("another") or asked.get("shared"):
                visit.look_at(None)
                return empty | {answer: shared_html(asked) if asked.get("shared") else ""}
            if "line" in asked:
                number = int(asked["line"])
                picked = None if number == seen.picked or not 0 <= number < len(seen.lines) else number
                return answered(visit, replace(seen, picked=picked))
            if "text" in asked:
                return correct(str(asked["text"]), visit)
            try:
                if asked.get("undo"):
                    view = visit.past.pop() if visit.past else seen.view
                else:
                    view = changed(seen.view, asked)
                    TURNS.take(view.open)  # a part that is too small costs nothing of what is shown
                    visit.past = [*visit.past, seen.view][-MOST_UNDONE:]
            except (PictureError, Busy) as error:
                gr.Warning(str(error))
                return unchanged
            return answered(visit, Look(view))

        def correct(text: str, visit: Visit) -> dict:
            """The picked line's reading as somebody corrected it."""
            seen = visit.look
            if seen is None or seen.picked is None:
                return unchanged
            line = replace(seen.lines[seen.picked], text=text.strip()[:200], confidence=1.0, centres=())
            lines = tuple(line if number == seen.picked else one for number, one in enumerate(seen.lines))
            return answered(visit, replace(seen, lines=lines))

        def again(visit: Visit) -> dict:
            return unchanged if visit.look is None else answered(visit, visit.look)

        def refine(event: gr.EventData, visit: Visit) -> dict:
            """The faces that somebody wants to see."""
            asked = event._data or {}
            try:
                visit.only = wanted(**{name: asked[name] for name in FILTERS if name in asked})
            except ValueError as error:
                return {answer: problem(error)}
            return again(visit)

        def go(text: str, visit: Visit) -> dict:
            """The picture at an address."""
            mine = visit.look_at(visit.look)
            try:
                content = fetch(text)
            except AddressError as error:
                return {answer: problem(error)} if visit.newest is mine else unchanged
            if visit.newest is not mine:
                return unchanged
            return begin(keep("fetched", content), visit)

        def shared_html(asked: dict) -> str:
            """The fonts that a shared address tells, with a text for each."""
            query = parse_qs(str(asked.get("fonts", "")).removeprefix("?"))
            texts = query.get("text", [])
            groups = []
            for number, fonts in enumerate(query.get("fonts", [])[:MOST_SHARED]):
                rows = rows_from_query(identifier, fonts)
                if rows:
                    groups.append((rows, texts[number] if number < len(texts) else ""))
            return cards_html(identifier, groups)

        def use_fonts(event: gr.EventData, visit: Visit) -> dict:
            """Fonts that were sent, to search them too or alone."""
            asked = event._data or {}
            files = asked.get("files") or []
            if not files:
                visit.own = None
                return {own_status: ""} | again(visit)
            try:
                paths = [Path(uploaded(str(file))) for file in files]
                visit.own, skipped = TURNS.take(take, identifier, paths, bool(asked.get("alone")))
            except gr.Error as error:
                return {own_status: problem(ValueError(error.message))}
            except (EnrolmentError, Busy) as error:
                return {own_status: problem(error)}
            count = len(visit.own.catalogue.faces)
            notes = "".join(f" <p class='note'>{html.escape(sentence)}</p>" for sentence in skipped)
            said = f"<p role='status'>{count} {'face' if count == 1 else 'faces'} of yours can be found now.</p>{notes}"
            return {own_status: said} | again(visit)

        hidden = {"api_visibility": "private"}
        # all that is done is begun, also while something else is worked on, of which no answer is shown then
        latest = {"trigger_mode": "multiple", "show_progress": "hidden"} | hidden
        stage.upload(paste, visit, shown, **latest)
        stage.select(act, visit, shown, **latest)
        options.change(refine, visit, shown, **latest)
        options.upload(use_fonts, visit, [own_status, *shown], show_progress_on=own_status, **hidden)
        batch_tab(identifier)
        catalogue_tab(identifier)
        map_tab(identifier)
        comparison_tab()
        endpoints(identifier)
    return page


def lines_of(answer: Answer) -> tuple[Line, ...]:
    return tuple(line for group in answer.groups for line in group.lines)


def batch_tab(identifier: FontIdentifier) -> None:
    """Many pictures at once."""

    def identify_all(files: list[str] | None, progress=gr.Progress()):
        try:
            pictures = batch.pictures_in([Path(uploaded(file)) for file in files or []])
        except batch.BatchError as error:
            return {status: problem(error), rows: "", table: None, objects: None}
        found, answers = [], []
        for more, answer in progress.tqdm(batch.answers(identifier, pictures), "Pictures", len(pictures)):
            found += more
            answers.append(answer)
        failed = sum("error" in answer for answer in answers)
        said = f"{len(answers)} pictures" + (f", {failed} of them without an answer" if failed else "")
        return {
            status: f"<p role='status'>{said}.</p>",
            rows: batch.thumbnails_html(identifier, pictures, found),
            table: gr.update(value=keep("fonts.csv", batch.to_csv(found).encode()), visible=True),
            objects: gr.update(value=keep("fonts.json", batch.to_json(answers).encode()), visible=True),
        }

    with gr.Tab("Batch") as tab:
        later = {"visible": False}  # what they need is fetched when somebody looks
        files = gr.File(label="Pictures, or zip files that hold some", file_count="multiple", elem_id="batch", **later)
        start = gr.Button("Identify all of them", variant="primary", elem_id="batch-start", **later)
        status = gr.HTML("", elem_id="batch-status")
        rows = gr.HTML("", elem_id="batch-rows", apply_default_css=False)
        with gr.Column(elem_id="batch-files"):
            table = gr.DownloadButton("CSV", elem_id="batch-csv", **later)
            objects = gr.DownloadButton("JSON", elem_id="batch-json", **later)
        tab.select(
            lambda: [gr.update(visible=True)] * 2,
            None,
            [files, start],
            show_progress="hidden",
            api_visibility="private",
        )
        start.click(
            identify_all, files, [status, rows, table, objects], show_progress_on=status, api_visibility="private"
        )


def catalogue_tab(identifier: FontIdentifier) -> None:
    """All families, more of them while somebody scrolls."""

    def found(text: str, category: str | None) -> list:
        return find_families(identifier, text, wanted([category] if category else []))

    def browse(asked: dict) -> str:
        text, category = str(asked["search"]), str(asked["category"])
        return alternatives_html(identifier, text) + families_html(identifier, found(text, category), text, category)

    def more(asked: dict) -> str:
        begin = max(0, int(asked["begin"]))
        return family_cards(identifier, found(str(asked["search"]), str(asked["category"]))[begin : begin + PAGE])

    with gr.Tab("Catalogue"):
        gr.HTML(
            browse_html(),
            elem_id="families",
            apply_default_css=False,
            js_on_load=(FOLDER / "browse.js").read_text(),
            server_functions=[browse, more],
        )


def map_tab(identifier: FontIdentifier) -> None:
    """All families at once, fetched when somebody looks; a name leads to the family's page."""
    shown = {face.family: face.name for face in identifier.catalogue.faces}

    def show() -> str:
        picture = base64.b64encode(MAP.read_bytes()).decode()
        names = "".join(
            f"<option data-family='{family}' data-box='{json.dumps(box)}'>{html.escape(shown[family])}</option>"
            for family, box in json.loads(MAP.with_suffix(".json").read_text()).items()
            if family in shown
        )
        return (
            f"<p class='hint'>{MAP_HINT}</p><form><input type='search' list='families-on-map' "
            f"placeholder='{MAP_SEARCH}' "
            f"aria-label='{MAP_SEARCH}' autocomplete='off'><datalist id='families-on-map'>{names}</datalist></form>"
            "<div class='map' tabindex='0' role='region' aria-label='Map of families'><div class='sheet'>"
            f"<img alt='Map of all families, from scripts to serifs' src='data:image/webp;base64,{picture}'>"
            f"<i class='here' hidden></i></div></div>"
        )

    with gr.Tab("Map") as tab:
        families = gr.HTML("", elem_id="map", js_on_load=(FOLDER / "map.js").read_text())
        tab.select(show, None, families, show_progress="minimal", api_visibility="private")


def comparison_tab() -> None:
    """Why an encoder and no vision-language model: the report of compare_vlm, fetched when somebody looks."""
    if not COMPARISON.exists():
        return

    def show() -> str:
        page = html.escape(COMPARISON.read_text(encoding="utf-8"), quote=True)
        return f'<iframe title="Comparison of models" sandbox="" class="report" srcdoc="{page}"></iframe>'

    with gr.Tab("About") as tab:
        report = gr.HTML("", elem_id="comparison")
        tab.select(show, None, report, show_progress="minimal", api_visibility="private")
