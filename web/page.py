"""The page and its API, around an identifier that is loaded once."""

import base64
import html
import json
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial, wraps
from pathlib import Path
from threading import Lock
from urllib.parse import parse_qs

import gradio as gr
from PIL import Image

from fontid.catalogue.faces import Face, regular_faces
from fontid.commands import Refusal, counted
from fontid.identifier import Answer, FontIdentifier, Group
from fontid.letters.families_map import SIDE, draw_part
from fontid.picture.opening import PictureError
from fontid.text.lines import Line
from fontid.text.reader import NoText
from web import batch, cards, words
from web.addresses import AddressError, confine_gradio, fetch
from web.browse import PAGE, alternatives_html, browse_html, families_html, family_cards, family_html, find_families
from web.endpoints import QUEUE, endpoints
from web.filters import FILTERS, filters_html, wanted
from web.head import name_page
from web.limits import LONGEST
from web.own_fonts import OwnFonts, identifier_for, take
from web.programs import speak_plainly
from web.remembered import ANSWERS, question_of
from web.specimens import font_package
from web.stage import EXAMPLES, View, stage_html, start_html
from web.telling import telling_letters
from web.turns import TURNS, Busy
from web.uploads import keep, kind_of_work, sent, take_files_as_they_come, uploaded
from web.watching import FEEDBACK, WatchedPage, note

FOLDER = Path(__file__).parent
MAP = FOLDER / "families.webp"
TILE = 540  # pixels: side of the squares in which the map is drawn larger
SCALES = (2, 4, 8)  # how many times larger
KEPT = 256  # such squares, 0.1 MB each
COMPARISON = FOLDER.parent / "docs" / "comparison" / "report.html"
SHOWN = 5  # fonts that may be right
MOST_UNDONE = 20  # views
MOST_SHARED = 20  # fonts found
Steps = Iterable[dict] | Generator[dict, None, bool]  # updates; whether something else was done since
STAGED = "<i data-staged hidden></i>"  # what stands is a step of what is worked on
WORKING = 'watch("value", () => document.body.classList.toggle("busy", !!element.querySelector("[data-staged]")))'
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
    """What somebody looks at, from the moment they ask for it, among which faces, and their newest action.

    Attributes:
        sending: held from the decision to show an update until Gradio has sent it, so that no older one overtakes it.
    """

    look: Look | None = None
    newest: object = None
    only: Callable[[Face], bool] | None = None
    own: OwnFonts | None = None
    past: list[View] = field(default_factory=list)
    latest: float = 0.0

    def __post_init__(self) -> None:
        self.sending = Lock()  # no field: Gradio copies these

    def __deepcopy__(self, memo: dict) -> "Visit":
        """Gradio copies the first one for every visitor."""
        return Visit()

    def is_late(self, asked: dict) -> bool:
        """Whether what somebody asked for afterwards came first. Args: asked: with `at`, the page's milliseconds."""
        at = asked.get("at")
        if not isinstance(at, int | float):
            return False
        late, self.latest = at < self.latest, max(at, self.latest)
        return late

    def look_at(self, look: Look | None) -> object:
        """Returns: what stays `newest` until they do something else."""
        self.look, self.newest = look, object()
        return self.newest

    def show(self, mine: object, update: dict) -> Generator[dict, None, bool]:
        """The update, where nothing was done since `mine` was the newest action. Returns: whether something was."""
        with self.sending:
            if self.newest is mine:
                yield update  # Gradio goes on behind this line when it has sent it
        return self.newest is not mine


class Outdated(Exception):
    """Somebody has done something else since."""


def problem(error: Exception | str) -> str:
    note(outcome="refused")
    return f"<p class='problem' role='alert'>{html.escape(str(getattr(error, 'message', error)))}</p>"


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
        return cards.similar_html(identifier, identifier.catalogue.similar(row, SHOWN), str(asked.get("text"))[:60])

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
        return "" if row is None else cards.styles_html(identifier, identifier.catalogue.faces[row])

    def using(face: str) -> str:
        row = identifier.catalogue.row_of(str(face))
        return "" if row is None else cards.using_html(identifier, identifier.catalogue.faces[row])

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
    name_page(words.TITLE)
    start = start_html(len(identifier.catalogue.families))
    with WatchedPage(title=words.TITLE, delete_cache=(AT_THE_END, AT_THE_END)) as page:
        gr.HTML(f"<h1>{words.HEADLINE}</h1>", elem_id="title")
        visit = gr.State(Visit())
        # what Gradio's own controls would bring costs a request each: the page draws its own
        with gr.Tab("Identify"), gr.Column(elem_id="work"):
            with gr.Column(min_width=280, elem_id="seen"):
                stage = part_of_page("stage", start, "stage.js")
            with gr.Column(min_width=280, elem_id="found"):
                field = f"<input placeholder='{words.OWN_WORDS}' aria-label='{words.OWN_WORDS}'>"
                gr.HTML(f"{field}<p class='note' hidden>{words.OWN_LACKING}</p>", elem_id="words")
                options = part_of_page("options", filters_html(), "filters.js")
                own_status = gr.HTML("", elem_id="own-status")
                working = gr.HTML("", elem_id="working", js_on_load=WORKING)
                answer = gr.HTML(
                    "",
                    elem_id="answer",
                    apply_default_css=False,
                    js_on_load=f"const WORDS = {words.SCRIPT};\n{(FOLDER / 'cards.js').read_text()}",
                    server_functions=[similar_fonts, font_file, styles, using, telling, feedback, family],
                )
        shown = [stage, answer, working]
        empty = {stage: start}
        unchanged = [{answer: gr.skip()}]

        def answered(visit: Visit, seen: Look) -> Steps:
            """What is looked at from now on, step by step; nothing more once that is something else."""
            before, mine = visit.look, visit.look_at(seen)
            opened = only = None
            drawn = partial(stage_html, degrees=seen.view.degrees, undoable=bool(visit.past))

            def identify(tell: Callable[[tuple], None]) -> tuple[FontIdentifier, Answer]:
                nonlocal opened, only, seen

                def progress(*step) -> None:
                    if visit.newest is not mine:
                        raise Outdated
                    tell(step)

                if visit.newest is not mine:
                    raise Outdated
                opened, only = seen.view.open(), visit.only
                searching, lines = identifier_for(identifier, visit.own), seen.lines or None
                if seen.picked is not None:
                    seen = picked_read(searching, opened, seen)
                    lines = [seen.lines[seen.picked]]
                # clicked lines and own fonts belong to one visitor: such answers are not remembered
                question = None if lines or visit.own else question_of(seen.view.file, seen.view.steps, only)
                found = ANSWERS.get(question) if question else None
                if found is None:
                    found = searching.identify(opened, top=SHOWN, only=only, lines=lines, progress=progress)
                    if question:
                        ANSWERS.keep(question, found)
                return searching, found

            work, standing = TURNS.follow(identify, kind_of_work(seen.view.file)), ""
            try:
                while True:
                    known, first = next(work)
                    if visit.newest is not mine:  # before anything is drawn for nobody
                        return True
                    if seen.lines:  # they stand already, and their answer is soon there
                        continue
                    if first is None:
                        step = {stage: drawn(opened, known, step=words.MATCHING), answer: ""}
                    else:
                        standing = drawn(opened, known, numbers=numbers_of(known, cards.ordered(first)))
                        names = cards.first_html(identifier_for(identifier, visit.own), first, opened)
                        step = {stage: standing, answer: names}
                    if (yield from visit.show(mine, step | {working: STAGED})):
                        return True
            except StopIteration as end:
                searching, found = end.value
            except Outdated:
                return True
            except Busy as error:
                return (yield from visit.show(mine, {answer: problem(error)}))
            except ValueError as error:  # PictureError, NoFaces
                if visit.newest is not mine:
                    return True
                if opened is None and seen.lines:  # the answer stays, though the picture has gone
                    gr.Warning(str(error))
                elif opened is None and before and before.lines:  # likewise, of the picture before
                    visit.look = before
                    note(outcome="refused")
                    gr.Warning(str(error))
                elif opened is None:
                    visit.look = None
                    return (yield from visit.show(mine, empty | {answer: problem(error)}))
                else:
                    said, named = problem(error), opened.info.get("fonts", ())
                    if named and isinstance(error, NoText):
                        said = problem(words.NOT_DRAWN) + cards.named_html(identifier, named)
                    standing = drawn(opened, seen.lines, seen.picked, seen.numbers)
                    return (yield from visit.show(mine, {stage: standing, answer: said}))
                return False
            if visit.newest is not mine:
                return True
            groups = cards.ordered(found)
            if seen.picked is None:
                known = seen.lines or lines_of(found)
                seen = replace(seen, lines=known, numbers=numbers_of(known, groups))
            visit.look = seen
            numbered = None if seen.picked is None else [seen.numbers[seen.picked]] * len(groups)
            picture = drawn(opened, seen.lines, seen.picked, seen.numbers)
            update = {answer: cards.answer_html(searching, found, opened, numbered, filtered=only is not None)}
            return (yield from visit.show(mine, update if picture == standing else update | {stage: picture}))

        def begin(file: str, visit: Visit) -> Steps:
            visit.past.clear()
            return answered(visit, Look(View(file)))

        def paste(event: gr.EventData, visit: Visit) -> Steps:
            """A picture that was sent, maybe in a zip; where it has gone since, the fonts that its address tells."""
            asked = event._data or {}
            try:
                file = sent(asked)
                if asked.get("entry"):
                    file = keep("unpacked", batch.read_picture(Path(file), str(asked["entry"])))
            except (gr.Error, PictureError) as error:
                said = problem(asked.get("problem") or error) + shared_html(asked)
                return visit.show(visit.look_at(None), empty | {answer: said})
            if asked.get("several"):
                gr.Info(words.ONE_OF_SEVERAL)
            return begin(file, visit)

        def act(event: gr.EventData, visit: Visit) -> Steps:
            """What was clicked on the first screen or on the picture."""
            asked, seen = event._data or {}, visit.look
            if asked.get("example") in EXAMPLES:
                return begin(str(EXAMPLES[asked["example"]]), visit)
            if "url" in asked:
                return go(str(asked["url"]), visit)
            if seen is None or asked.get("another") or asked.get("shared"):
                visit.only = None  # `filters.js` clears them too
                said = shared_html(asked) if asked.get("shared") else ""
                return visit.show(visit.look_at(None), empty | {answer: said})
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
                    TURNS.take(view.open, kind="opening")  # a part that is too small costs nothing of what is shown
                    visit.past = [*visit.past, seen.view][-MOST_UNDONE:]
            except (PictureError, Busy) as error:
                gr.Warning(str(error))
                return unchanged
            return answered(visit, Look(view))

        def correct(text: str, visit: Visit) -> Steps:
            """The picked line's reading as somebody corrected it."""
            seen = visit.look
            if seen is None or seen.picked is None:
                return unchanged
            line = replace(seen.lines[seen.picked], text=text.strip()[:200], confidence=1.0, centres=())
            lines = tuple(line if number == seen.picked else one for number, one in enumerate(seen.lines))
            return answered(visit, replace(seen, lines=lines))

        def again(visit: Visit) -> Steps:
            return unchanged if visit.look is None else answered(visit, visit.look)

        def refine(event: gr.EventData, visit: Visit) -> Steps:
            """The faces that somebody wants to see."""
            asked = event._data or {}
            try:
                visit.only = wanted(**{name: asked[name] for name in FILTERS if name in asked})
            except Refusal as error:
                return [{answer: problem(error)}]
            return again(visit)

        def go(text: str, visit: Visit) -> Steps:
            """The picture at an address."""
            mine = visit.look_at(visit.look)
            try:
                content = fetch(text)
            except AddressError as error:
                return visit.show(mine, {answer: problem(error)})
            if visit.newest is not mine:
                return unchanged
            return begin(keep("fetched", content), visit)

        def shared_html(asked: dict) -> str:
            """The fonts that a shared address tells, with a text for each."""
            query = parse_qs(str(asked.get("fonts", "")).removeprefix("?"))
            texts = query.get("text", [])
            groups = []
            for number, fonts in enumerate(query.get("fonts", [])[:MOST_SHARED]):
                rows = cards.rows_from_query(identifier, fonts)
                if rows:
                    groups.append((rows, texts[number] if number < len(texts) else ""))
            return cards.cards_html(identifier, groups)

        def use_fonts(event: gr.EventData, visit: Visit) -> Steps:
            """Fonts that were sent, to search them too or alone."""
            asked = event._data or {}
            files = asked.get("files") or []
            if not files:
                visit.own = None
                yield {own_status: ""}
                return (yield from again(visit))
            try:
                paths = [Path(uploaded(str(file))) for file in files]
                visit.own, skipped = TURNS.take(
                    take, identifier, paths, bool(asked.get("alone")), kind="own fonts", patience=LONGEST
                )
            except (gr.Error, Refusal) as error:
                yield {own_status: problem(error)}
                return False
            count = len(visit.own.catalogue.faces)
            notes = "".join(f" <p class='note'>{html.escape(sentence)}</p>" for sentence in skipped)
            said = words.OWN_FOUND.format(count=counted(count, "style", "styles"), are="is" if count == 1 else "are")
            yield {own_status: f"<p role='status'>{said}</p>{notes}"}
            return (yield from again(visit))

        def in_steps(handler: Callable[[gr.EventData, Visit], Steps]) -> Callable:
            """What Gradio calls. It repeats the last update when all is done, so that one is small."""

            @wraps(handler)
            def steps(event: gr.EventData, visit: Visit):
                ended = {working: f"<i hidden>{time.monotonic_ns()}</i>"}
                try:
                    outdated = visit.is_late(event._data or {}) or (yield from handler(event, visit))
                except Exception:  # `watched` tells it: the page shall not look as if it went on
                    yield ended
                    raise
                yield {working: gr.skip()} if outdated else ended

            return steps

        # all that is done is begun, also while something else is worked on, which is given up then
        latest = {"trigger_mode": "multiple"} | QUEUE
        hidden = {"show_progress": "hidden", "api_visibility": "private"}
        stage.upload(in_steps(paste), visit, shown, **latest, **hidden)
        stage.select(in_steps(act), visit, shown, **latest, **hidden)
        options.change(in_steps(refine), visit, shown, **latest, **hidden)
        options.upload(in_steps(use_fonts), visit, [own_status, *shown], **hidden)
        batch_tab(identifier)
        catalogue_tab(identifier)
        map_tab(identifier)
        about_tab(identifier)
        endpoints(identifier)
    return page


def part_of_page(name: str, content: str = "", script: str = "", **how) -> gr.HTML:
    """HTML without Gradio's own styles. Args: script: name of a file here that says what clicks on it do."""
    if script:
        how["js_on_load"] = (FOLDER / script).read_text()
    return gr.HTML(content, elem_id=name, apply_default_css=False, **how)


def picked_read(identifier: FontIdentifier, picture: Image.Image, seen: Look) -> Look:
    """What is looked at, with the picked line read."""
    lines = list(seen.lines)
    lines[seen.picked] = identifier.read(picture, lines[seen.picked])
    return replace(seen, lines=tuple(lines))


def lines_of(answer: Answer) -> tuple[Line, ...]:
    return tuple(line for group in answer.groups for line in group.lines)


def numbers_of(lines: Sequence[Line], groups: Sequence[Group]) -> tuple[int, ...]:
    """Which of the groups each line is in, from 0."""
    numbers = {line: number for number, group in enumerate(groups) for line in group.lines}
    return tuple(numbers.get(line, 0) for line in lines)


def batch_tab(identifier: FontIdentifier) -> None:
    """Many pictures at once."""

    def identify_all(event: gr.EventData, progress=gr.Progress()):
        asked = event._data or {}
        try:
            pictures = batch.pictures_in([Path(uploaded(str(file))) for file in asked.get("files") or []])
        except batch.BatchError as error:
            said = problem(asked.get("problem") or error)
            return {status: said, rows: "", table: gr.update(visible=False), objects: gr.update(visible=False)}
        found, answers = [], []
        for more, answer in progress.tqdm(batch.answers(identifier, pictures), "Images", len(pictures)):
            found += more
            answers.append(answer)
        failed, empty = (sum(row["verdict"] == verdict for row in found) for verdict in ("", "no_text"))
        said = f"{len(answers)} images" + (f", {failed} of them failed" if failed else "")
        said += f", {empty} without Latin letters" if empty else ""
        return {
            status: f"<p role='status'>{said}.</p>",
            rows: batch.thumbnails_html(identifier, pictures, found),
            table: gr.update(value=keep("fonts.csv", batch.to_csv(found).encode()), visible=True),
            objects: gr.update(value=keep("fonts.json", batch.to_json(answers).encode()), visible=True),
        }

    with gr.Tab("Batch"):
        zone = part_of_page("batch", batch.zone_html(), "batch.js")
        status = gr.HTML("", elem_id="batch-status")
        with gr.Column(elem_id="batch-files"):
            table = gr.DownloadButton("Download CSV", elem_id="batch-csv", visible=False)
            objects = gr.DownloadButton("Download JSON", elem_id="batch-json", visible=False)
        rows = part_of_page("batch-rows")
        shown = [status, rows, table, objects]
        zone.upload(identify_all, None, shown, show_progress_on=status, api_visibility="private")


def catalogue_tab(identifier: FontIdentifier) -> None:
    """All families, more of them while somebody scrolls."""

    def found(text: str, category: str | None) -> list:
        return find_families(identifier, text, wanted([category] if category else []))

    def browse(asked: dict) -> str:
        text, category = str(asked["search"]), str(asked["category"])
        free, families = alternatives_html(identifier, text), found(text, category)
        return free + (families_html(identifier, families, text, category) if families or not free else "")

    def more(asked: dict) -> str:
        begin = max(0, int(asked["begin"]))
        return family_cards(identifier, found(str(asked["search"]), str(asked["category"]))[begin : begin + PAGE])

    with gr.Tab("Catalogue"):
        part_of_page("families", browse_html(), "browse.js", server_functions=[browse, more])


def map_tiles(identifier: FontIdentifier) -> Callable[[object], str]:
    """What draws a square of the map sharply, for somebody who looks closer.

    Returns: a function of {"scale": one of `SCALES`, "column": from 0, "row": from 0} that gives a data address: WebP,
    `TILE` pixels wide and high. For anything else it gives "".
    """
    boxes = json.loads(MAP.with_suffix(".json").read_text())
    regular = {face.family: face for face in regular_faces(identifier.catalogue.faces)}
    drawable = {family for family, face in regular.items() if face.id in identifier.letterforms}
    boxes = {family: box for family, box in boxes.items() if family in drawable}

    @lru_cache(KEPT)
    def drawn(scale: int, column: int, row: int) -> str:
        part = TILE * column, TILE * row, TILE, TILE
        square = draw_part(boxes, regular, identifier.letterforms, part, scale)
        return cards.data_address(square, TILE, "WEBP", lossless=True, method=1)

    def sharp(asked: object) -> str:
        told = asked if isinstance(asked, dict) else {}
        scale, *place = (told.get(name) for name in ("scale", "column", "row"))
        if scale not in SCALES or any(number not in range(SIDE * int(scale) // TILE) for number in place):
            return ""
        return drawn(int(scale), *map(int, place))

    return sharp


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
            f"<p class='hint'>{words.MAP_HINT}</p><form><input type='search' list='families-on-map' "
            f"placeholder='{words.MAP_SEARCH}' "
            f"aria-label='{words.MAP_SEARCH}' autocomplete='off'><datalist id='families-on-map'>{names}</datalist>"
            "<button type='button' data-zoom='0.67' aria-label='Zoom out'>−</button>"
            "<button type='button' data-zoom='1.5' aria-label='Zoom in'>+</button></form>"
            f"<p class='hint' role='status'><span class='none' hidden>{words.NOT_ON_MAP}</span></p>"
            "<div class='map' tabindex='0' role='region' aria-label='Map of families'>"
            f"<div class='sheet' data-tile='{TILE}' data-scales='{list(SCALES)}'>"
            f"<img alt='Map of all families, from scripts to serifs' src='data:image/webp;base64,{picture}'>"
            f"<i class='here' hidden></i></div></div>"
        )

    with gr.Tab("Map") as tab:
        script = (FOLDER / "map.js").read_text()
        families = gr.HTML("", elem_id="map", js_on_load=script, server_functions=[map_tiles(identifier)])
        tab.select(show, None, families, show_progress="minimal", api_visibility="private")


def about_tab(identifier: FontIdentifier) -> None:
    """What this is; and why an encoder and no vision-language model, fetched when somebody looks."""

    def show() -> str:
        page = html.escape(COMPARISON.read_text(encoding="utf-8"))
        report = f'<iframe title="{words.REPORT}" sandbox="" class="report" srcdoc="{page}"></iframe>'
        return f"<details><summary>{words.REPORT}</summary>{report}</details>"

    with gr.Tab("About") as tab:
        told = "".join(f"<h2>{title}</h2><p>{text}</p>" for title, text in words.ABOUT.items())
        part_of_page("about", told.format(count=len(identifier.catalogue.families)))
        if COMPARISON.exists():
            report = part_of_page("comparison")
            tab.select(show, None, report, show_progress="minimal", api_visibility="private")
