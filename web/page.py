"""The page and its API, around an identifier that is loaded once."""

import base64
import html
from dataclasses import dataclass, replace
from pathlib import Path

import gradio as gr

from fontid.catalogue.own import EnrolmentError
from fontid.identifier import Answer, FontIdentifier
from fontid.picture.opening import PictureError
from fontid.text.lines import Line
from web import batch
from web.addresses import AddressError, fetch
from web.browse import alternatives_html, families_html, find_families
from web.cards import NOTHING_YET, answer_html, cards_html, rows_from_query, similar_html
from web.endpoints import endpoints
from web.fetching import confine_gradio
from web.filters import CATEGORIES, SLOPES, WEIGHTS, WIDTH_NAMES, wanted
from web.head import SUMMARY, name_page
from web.own_fonts import OwnFonts, identifier_for, take
from web.programs import speak_plainly
from web.specimens import font_package
from web.stage import View, stage_html
from web.turns import TURNS, Busy
from web.uploads import keep, take_files_as_they_come, uploaded
from web.watching import WatchedPage, note

FOLDER = Path(__file__).parent
EXAMPLES = sorted((FOLDER / "examples").glob("*.webp"))
MAP = FOLDER / "families.webp"
COMPARISON = FOLDER.parent / "docs" / "comparison" / "report.html"
TITLE = "fontid"
SHOWN = 5  # cards
AT_THE_END = 10**9  # seconds: Gradio deletes what is left when it is ended, before that `web.uploads.Sweeper` does


@dataclass(frozen=True)
class Look:
    """The picture, the lines found in it, and the one that was picked (None: all)."""

    view: View
    lines: tuple[Line, ...] = ()
    picked: int | None = None


class Visit:
    """What somebody looks at, from the moment they ask for it, and which of their actions is the newest."""

    def __init__(self) -> None:
        self.look: Look | None = None
        self.newest: object = None

    def look_at(self, look: Look | None) -> object:
        """Returns: what stays `newest` until they do something else."""
        self.look, self.newest = look, object()
        return self.newest


class Outdated(Exception):
    """Somebody has done something else since."""


def problem(error: Exception) -> str:
    note(outcome="refused")
    return f"<p class='problem' role='alert'>{html.escape(str(error))}</p>"


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

    confine_gradio()
    speak_plainly()
    take_files_as_they_come()
    name_page(TITLE)
    with WatchedPage(title=TITLE, delete_cache=(AT_THE_END, AT_THE_END)) as page:
        gr.Markdown(f"# {TITLE}\n{SUMMARY}")
        visit, own = gr.State(Visit()), gr.State()
        with gr.Tab("Identify"), gr.Row():
            with gr.Column(min_width=300):
                picture = gr.Image(
                    label="Picture with text",
                    type="filepath",
                    image_mode=None,
                    sources=["upload", "clipboard", "webcam"],
                    height=280,
                    buttons=[],
                    elem_id="picture",
                )
                stage = gr.HTML("", elem_id="stage", js_on_load=(FOLDER / "stage.js").read_text())
                reading = gr.Textbox(
                    label="Reading of the line: correct it where it is wrong", visible=False, elem_id="reading"
                )
                with gr.Column() as other_ways:
                    address = gr.Textbox(
                        label="Or the address of a picture", placeholder="https://", elem_id="address", max_lines=1
                    )
                    if EXAMPLES:
                        gr.Examples([str(path) for path in EXAMPLES], picture, label="Examples")
            with gr.Column(min_width=300):
                words = gr.Textbox(
                    label="Your own words, drawn in every font", elem_id="words", interactive=True, max_lines=1
                )
                with gr.Accordion("Filters", open=False, elem_id="filters"):
                    categories = gr.Dropdown(list(CATEGORIES), label="Category", multiselect=True)
                    weights = gr.Dropdown(list(WEIGHTS), label="Weight", multiselect=True)
                    slope = gr.Radio(list(SLOPES), value="any", label="Slope")
                    widths = gr.Dropdown(list(WIDTH_NAMES), label="Width", multiselect=True)
                with gr.Accordion("Fonts of your own, for this visit", open=False, elem_id="own"):
                    fonts = gr.File(
                        label="Font files", file_count="multiple", file_types=[".ttf", ".otf", ".woff", ".woff2"]
                    )
                    alone = gr.Checkbox(label="Search among these alone")
                    own_status = gr.HTML("", elem_id="own-status")
                answer = gr.HTML(
                    NOTHING_YET,
                    elem_id="answer",
                    js_on_load=(FOLDER / "cards.js").read_text(),
                    server_functions=[similar_fonts, font_file],
                )
        filters = [categories, weights, slope, widths]
        shown = [picture, other_ways, stage, reading, answer]
        empty = {
            picture: gr.update(value=None, visible=True),
            other_ways: gr.update(visible=True),
            stage: "",
            reading: gr.update(visible=False),
        }
        unchanged = {answer: gr.skip()}
        hide = {picture: gr.update(visible=False), other_ways: gr.update(visible=False)}

        def answered(visit: Visit, seen: Look, own_fonts: OwnFonts | None, *chosen) -> dict:
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
                searching = identifier_for(identifier, own_fonts)
                return searching, searching.identify(opened, top=SHOWN, only=wanted(*chosen), lines=lines)

            try:
                searching, found = TURNS.take(identify)
                if visit.newest is not mine:
                    raise Outdated
            except Outdated:
                return unchanged
            except Busy as error:
                return {answer: problem(error)}
            except ValueError as error:  # PictureError, NoFaces, and what `wanted` refuses
                if visit.newest is not mine:
                    return unchanged
                if opened is None:
                    visit.look = None
                    return empty | {answer: problem(error)}
                pictured = stage_html(opened, seen.lines, seen.picked)
                correcting = gr.update(visible=seen.picked is not None)
                return hide | {stage: pictured, reading: correcting, answer: problem(error)}
            if not seen.lines:
                seen = visit.look = replace(seen, lines=lines_of(found))
            text = "" if seen.picked is None else seen.lines[seen.picked].text
            return hide | {
                stage: stage_html(opened, seen.lines, seen.picked),
                reading: gr.update(value=text, visible=seen.picked is not None),
                answer: answer_html(searching, found, opened) + "<button type='button' data-share>Copy a link</button>",
            }

        def begin(file: str | None, visit: Visit, own_fonts: OwnFonts | None, *chosen) -> dict:
            if file is None:  # it was emptied to take another picture
                return unchanged
            return answered(visit, Look(View(file)), own_fonts, *chosen)

        def paste(event: gr.EventData, visit: Visit, own_fonts: OwnFonts | None, *chosen) -> dict:
            return begin(uploaded(str(event._data["path"])), visit, own_fonts, *chosen)

        def act(event: gr.EventData, visit: Visit, own_fonts: OwnFonts | None, *chosen) -> dict:
            """What was clicked on the picture: a line, a turn, a part, or that another picture is wanted."""
            asked, seen = event._data or {}, visit.look
            if seen is None or asked.get("another"):
                visit.look_at(None)
                return empty | {answer: NOTHING_YET}
            if "line" in asked:
                number = int(asked["line"])
                picked = None if number == seen.picked or not 0 <= number < len(seen.lines) else number
                return answered(visit, replace(seen, picked=picked), own_fonts, *chosen)
            view = seen.view
            try:
                if "turn" in asked:
                    view = view.turned(int(asked["turn"]))
                if "crop" in asked:
                    view = view.cropped(asked["crop"])
                    TURNS.take(view.open)  # too small a part is told, and what was looked at stays
                view = view.whole() if asked.get("whole") else view
            except (PictureError, Busy) as error:
                return {answer: problem(error)}
            return answered(visit, Look(view), own_fonts, *chosen)

        def correct(text: str, visit: Visit, own_fonts: OwnFonts | None, *chosen) -> dict:
            """The picked line's reading as somebody corrected it."""
            seen = visit.look
            if seen is None or seen.picked is None:
                return unchanged
            line = replace(seen.lines[seen.picked], text=text.strip()[:200], confidence=1.0, centres=())
            lines = tuple(line if number == seen.picked else one for number, one in enumerate(seen.lines))
            return answered(visit, replace(seen, lines=lines), own_fonts, *chosen)

        def again(visit: Visit, own_fonts: OwnFonts | None, *chosen) -> dict:
            return unchanged if visit.look is None else answered(visit, visit.look, own_fonts, *chosen)

        def go(text: str, visit: Visit, own_fonts: OwnFonts | None, *chosen) -> dict:
            """The picture at an address."""
            if not text.strip():
                return unchanged
            mine = visit.look_at(visit.look)
            try:
                content = fetch(text)
            except AddressError as error:
                return {answer: problem(error)} if visit.newest is mine else unchanged
            if visit.newest is not mine:
                return unchanged
            return begin(keep("fetched", content), visit, own_fonts, *chosen)

        def use_fonts(files: list[str] | None, only_these: bool, visit: Visit, *chosen, progress=gr.Progress()):
            if not files:
                return {own: None, own_status: ""} | again(visit, None, *chosen)
            progress(0, "Reading the fonts")
            try:
                mine, skipped = TURNS.take(take, identifier, [Path(uploaded(file)) for file in files], only_these)
            except (EnrolmentError, Busy) as error:
                return {own_status: problem(error)}
            count = len(mine.catalogue.faces)
            notes = "".join(f" <p class='note'>{html.escape(sentence)}</p>" for sentence in skipped)
            said = f"<p role='status'>{count} {'face' if count == 1 else 'faces'} of yours can be found now.</p>{notes}"
            return {own: mine, own_status: said} | again(visit, mine, *chosen)

        hidden = {"api_visibility": "private"}
        # all that is done is begun, also while something else is worked on, of which no answer is shown then
        latest = {"trigger_mode": "multiple", "show_progress_on": answer} | hidden
        seen = [visit, own, *filters]
        picture.change(begin, [picture, *seen], shown, show_progress="minimal", **latest)
        stage.upload(paste, seen, shown, **latest)
        stage.select(act, seen, shown, **latest)
        reading.submit(correct, [reading, *seen], shown, **latest)
        address.submit(go, [address, *seen], shown, **latest)
        gr.on([one.change for one in filters], again, seen, shown, **latest)
        gr.on(
            [fonts.change, alone.change],
            use_fonts,
            [fonts, alone, visit, *filters],
            [own, own_status, *shown],
            show_progress_on=own_status,
            **hidden,
        )

        def restore(event: gr.EventData) -> dict:
            """A shared address brings its ranked list and its text back."""
            asked = event._data or {}
            rows = rows_from_query(identifier, str(asked.get("fonts", "")))
            text = str(asked.get("text", ""))[:60]
            return {answer: cards_html(identifier, rows, text), words: text} if rows else gr.skip()

        # not page.load: an event of every visit whose stream, closing, can end one that somebody starts just then
        answer.load(restore, None, [answer, words], **hidden)
        batch_tab(identifier)
        catalogue_tab(identifier)
        map_tab()
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
            return {status: problem(error), rows: gr.update(visible=False), table: None, objects: None}
        found, answers = [], []
        for more, answer in progress.tqdm(batch.answers(identifier, pictures), "Pictures", len(pictures)):
            found += more
            answers.append(answer)
        failed = sum("error" in answer for answer in answers)
        said = f"{len(answers)} pictures" + (f", {failed} of them without an answer" if failed else "")
        return {
            status: f"<p role='status'>{said}.</p>",
            rows: gr.update(value=batch.table(found), visible=True),
            table: gr.update(value=keep("fonts.csv", batch.to_csv(found).encode()), visible=True),
            objects: gr.update(value=keep("fonts.json", batch.to_json(answers).encode()), visible=True),
        }

    with gr.Tab("Many pictures"):
        files = gr.File(label="Pictures, or zip files that hold some", file_count="multiple", elem_id="batch")
        start = gr.Button("Identify all of them", variant="primary", elem_id="batch-start")
        status = gr.HTML("", elem_id="batch-status")
        rows = gr.Dataframe(headers=list(batch.COLUMNS), visible=False, interactive=False, elem_id="batch-rows")
        with gr.Row():
            table = gr.DownloadButton("CSV", visible=False, elem_id="batch-csv")
            objects = gr.DownloadButton("JSON", visible=False, elem_id="batch-json")
        start.click(
            identify_all, files, [status, rows, table, objects], show_progress_on=status, api_visibility="private"
        )


def catalogue_tab(identifier: FontIdentifier) -> None:
    """Is my font covered?"""

    def browse(text: str, category: str | None) -> str:
        only = wanted([category] if category else [])
        covered = families_html(identifier, find_families(identifier, text, only), "")
        return alternatives_html(identifier, text) + covered

    with gr.Tab("Catalogue") as tab:
        with gr.Row():
            search = gr.Textbox(
                label="Is my font covered, or what is free in its stead?",
                placeholder="Its name",
                elem_id="search",
                max_lines=1,
            )
            category = gr.Dropdown(["", *CATEGORIES], value="", label="Category")
        families = gr.HTML("", elem_id="families")
        gr.on(
            [tab.select, search.change, category.change],
            browse,
            [search, category],
            families,
            show_progress="minimal",
            trigger_mode="always_last",
            api_visibility="private",
        )


def map_tab() -> None:
    """All families at once, fetched when somebody looks."""

    def show() -> str:
        picture = base64.b64encode(MAP.read_bytes()).decode()
        return (
            "<p class='hint'>Every family, its name in its own letters; what the encoder finds alike stands near. "
            "Scroll to look around.</p><div class='map' tabindex='0' role='region' aria-label='Map of families'>"
            f"<img alt='Map of all families, from scripts to serifs' src='data:image/webp;base64,{picture}'></div>"
        )

    with gr.Tab("Map") as tab:
        families = gr.HTML("", elem_id="map")
        tab.select(show, None, families, show_progress="minimal", api_visibility="private")


def comparison_tab() -> None:
    """Why an encoder and no vision-language model: the report of compare_vlm, fetched when somebody looks."""
    if not COMPARISON.exists():
        return

    def show() -> str:
        page = html.escape(COMPARISON.read_text(encoding="utf-8"), quote=True)
        return f'<iframe title="Comparison of models" sandbox="" class="report" srcdoc="{page}"></iframe>'

    with gr.Tab("Comparison") as tab:
        report = gr.HTML("", elem_id="comparison")
        tab.select(show, None, report, show_progress="minimal", api_visibility="private")
