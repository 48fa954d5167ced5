"""Measure what a new user meets: where the first font stands, how much there is to click, tasks, and Compare.

    python -m benchmarks.measure_app_tasks [--pictures ../shared/pictures] [--results results/once.jsonl#app-tasks]

Compare is measured on real pictures whose first font is the labelled one: the overlap of its letters with the picture's
ink (intersection over union), and how far a letter was moved from where the font sets it, in font sizes.
"""

import json
import statistics
import tempfile
import time
from pathlib import Path

from PIL import Image

from benchmarks.measure_app import EXAMPLES, WAIT, running_app
from data_scripts.chromium import open_browser
from data_scripts.make_examples import stack
from fontid.commands import command_line
from fontid.evaluation.experiment import write_result

SIZES = ((1440, 900), (1280, 720), (390, 844))
MOST = 60  # pictures for Compare
BROKEN = 0.35  # overlap below that: letters do not lie on the picture's
EMPTY = "import gradio as gr\nwith gr.Blocks() as page: gr.HTML('x')\npage.launch(ssr_mode=False)"
CONTROLS = """[...document.querySelectorAll("#stage, #found")].flatMap((part) =>
    [...part.querySelectorAll("button, summary, a, input, textarea, select")]
).filter((one) => one.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().width > 1).length"""


def open_page(browser, address: str, width: int = 1280, height: int = 720, **how):
    context = browser.new_context(viewport={"width": width, "height": height}, **how)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    page = context.new_page()
    page.goto(address)
    page.locator("#file").wait_for(state="attached", timeout=WAIT)
    return page


def show(page, picture: Path) -> None:
    if page.locator("#file").count() == 0:
        page.get_by_role("button", name="New image").click()
    page.locator("#file").set_input_files(picture)
    page.locator("body.busy").wait_for(timeout=WAIT)
    page.wait_for_function("!document.body.classList.contains('busy')", timeout=WAIT)


def layout(browser, address: str, one: Path, six: Path) -> dict:
    found = {}
    for width, height in SIZES:
        phone = width < 500
        page = open_page(browser, address, width, height, has_touch=phone, is_mobile=phone)
        row = {}
        for name, picture in (("one", one), ("six", six)):
            show(page, picture)
            page.mouse.move(1, 1)
            row[f"controls_{name}"] = page.evaluate(CONTROLS)
            row[f"fonts_{name}"] = page.locator("#answer .group").count()
            box = page.locator("#answer .family").first.bounding_box()
            row[f"first_name_bottom_{name}"] = round(box["y"] + box["height"])
        found[f"{width}x{height}"] = row
        page.context.close()
    return found


def tasks(browser, address: str, poster: Path) -> dict:
    """Clicks, choosing the file among them, and seconds without those that a person takes to look."""

    def timed(*clicks: str, ends: str = "body", picture: Path | None = poster, words: str = "") -> dict:
        """Click one after another and type the words after the last but one, until what ends the task is in sight."""
        page = open_page(browser, address)
        began = time.perf_counter()
        if picture:
            show(page, picture)
        for number, selector in enumerate(clicks, 1):
            if selector.endswith("select"):
                page.locator(selector).first.select_option(index=1)
            else:
                page.locator(selector).first.click()
            if words and number == len(clicks) - 1:
                page.keyboard.type(words)
        page.locator(ends).first.wait_for(timeout=WAIT)
        page.wait_for_timeout(50)
        took = time.perf_counter() - began
        page.context.close()
        return {"clicks": bool(picture) + len(clicks), "seconds": round(took, 2)}

    paid = "Proxima Nova"
    stand_in = f"h2:has-text('{paid}') ~ .matches [data-family]"
    search = ("[role=tab]:has-text('Catalogue')", "#search [name=search]", stand_in)
    return {
        "copy the CSS of the font": timed("#answer .buttons > [data-copy]"),
        "compare the font with the picture": timed("#answer .pair", ends="#answer .letters[data-overlap]"),
        "tell two candidates apart": timed("#answer .pair", "#answer .compare select", ends="#answer .beside"),
        "copy all fonts of a poster": timed("#answer .all summary", "#answer .all [data-copy]"),
        f"find a free stand-in for {paid}": timed(*search, picture=None, words=paid, ends="#family .card"),
    }


def weight(browser, address: str, usable: str) -> dict:
    """Bytes as they are sent, and requests, until `usable` is there; what a page holds as `data:` is none."""
    context = browser.new_context()
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    asked, sizes = set(), []

    def sent(event: dict) -> None:
        if not event["request"]["url"].startswith("data:"):
            asked.add(event["requestId"])

    def came(event: dict) -> None:
        if event["requestId"] in asked:
            sizes.append(event["encodedDataLength"])

    session.on("Network.requestWillBeSent", sent)
    session.on("Network.loadingFinished", came)
    page.goto(address)
    page.locator(usable).wait_for(state="attached", timeout=WAIT)
    page.wait_for_timeout(1500)
    context.close()
    return {"kB": round(sum(sizes) / 1000), "requests": len(sizes)}


def empty_page(browser) -> dict:
    with tempfile.TemporaryDirectory() as folder, running_app("-c", EMPTY, folder=Path(folder)) as (address, _):
        return weight(browser, address, "footer")


def compare(browser, address: str, folder: Path) -> dict:
    found: list[tuple[float, str, float]] = []
    page = open_page(browser, address)
    for row in map(json.loads, (folder / "manifest.jsonl").read_text().splitlines()):
        if len(found) == MOST:
            break
        show(page, folder / row["file"])
        group = page.locator(f"#answer .group:has(> .card[data-face^='{row['family']}-'])").first
        if group.count() == 0 or group.get_attribute("data-read") == "0":
            continue
        group.locator(".card .menu summary").click()
        group.locator(".card [data-compare]").click()
        letters = group.locator(".letters[data-overlap]")
        letters.wait_for(timeout=WAIT)
        overlap, shift = (float(letters.get_attribute(f"data-{name}")) for name in ("overlap", "shift"))
        found.append((overlap, row["file"], shift))
    page.context.close()
    overlaps, _, shifts = zip(*found, strict=True)
    return {
        "pictures": len(overlaps),
        "mean_overlap": round(statistics.mean(overlaps), 3),
        "median_overlap": round(statistics.median(overlaps), 3),
        f"below_{BROKEN}": sum(one < BROKEN for one in overlaps),
        "largest_shift": max(shifts),
        "worst": [name for _, name, _ in sorted(found)[:8]],
    }


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/once.jsonl#app-tasks")
    parser.add_argument("--pictures", type=Path, default=Path("../shared/pictures"))
    arguments = parser.parse_args(argv)
    examples = {path.stem: path for path in EXAMPLES}
    with tempfile.TemporaryDirectory() as folder, running_app() as (address, _), open_browser() as browser:
        parts = [Image.open(examples[name]).convert("RGB") for name in ("poster", "page", "board")]
        stack(parts, "white").save(Path(folder) / "six.png")
        open_page(browser, address).context.close()
        empty, ours = empty_page(browser), weight(browser, address, "#file")
        metrics = {
            "layout": layout(browser, address, examples["wall"], Path(folder) / "six.png"),
            "weight": {"page": ours, "empty": empty, "beyond": {key: ours[key] - empty[key] for key in ours}},
            "tasks": tasks(browser, address, examples["poster"]),
            "compare": compare(browser, address, arguments.pictures),
        }
    settings = {"pictures": arguments.pictures.name, "most": MOST, "broken": BROKEN}
    write_result(
        arguments.results, settings=settings, command="python -m benchmarks.measure_app_tasks", metrics=metrics
    )
    print(json.dumps(metrics))


if __name__ == "__main__":
    main()
