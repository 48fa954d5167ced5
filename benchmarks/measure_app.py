"""Measure the app in a real browser: how long from dropping a picture until fonts are named, and what axe-core finds.

    python -m benchmarks.measure_app [--results results/app.json] [--screenshots DIR]

Starts `app.py` on a free port and drives it by headless Chromium, a new visit for every picture.
"""

import os
import socket
import statistics
import subprocess  # nosec B404: commands are lists that this project writes
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from data_scripts.chromium import open_browser
from fontid.commands import command_line
from fontid.evaluation.experiment import write_result

EXAMPLES = sorted(Path("web/examples").glob("*.webp"))
ROUNDS = 3
TABS = ("Identify", "Batch", "Catalogue", "Map", "About")
WAIT = 30_000  # milliseconds
# the times at which the first card stands and at which it has its verdict, by the page's own clock
STOPWATCH = """() => {
    const started = performance.now();
    new MutationObserver((_, observer) => {
        const took = performance.now() - started;
        if (document.querySelector("#answer .card")) window.named ??= took;
        if (!document.querySelector("#answer .verdict")) return;
        window.took = [window.named, took];
        observer.disconnect();
    }).observe(document.body, { childList: true, subtree: true });
}"""


@contextmanager
def running_app(*command: str, folder: Path | None = None):
    """What Python makes of a command, `app.py` unless told otherwise. Yields: its address and process."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    environment = os.environ | {"GRADIO_SERVER_PORT": str(port), "HF_HUB_OFFLINE": "1"}
    environment["FONTID_REMEMBER"] = "0"  # each picture is shown several times
    command = (sys.executable, *(command or ("app.py",)))
    process = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL)  # nosec B603: no shell
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(20)


def seconds_to_cards(browser, address: str, picture: Path) -> list[float]:
    """Until the first names, by the encoder, and until the answer."""
    page = browser.new_page()
    page.goto(address)
    chooser = page.locator("#file")
    chooser.wait_for(state="attached", timeout=WAIT)
    page.wait_for_timeout(500)
    page.evaluate(STOPWATCH)
    chooser.set_input_files(picture)
    page.wait_for_function("window.took !== undefined", timeout=WAIT)
    took = page.evaluate("window.took")
    page.close()
    return [milliseconds / 1000 for milliseconds in took]


def axe_findings(browser, address: str, scheme: str) -> dict[str, int]:
    """Violations by impact, over all tabs with an answer standing."""
    from axe_playwright_python.sync_playwright import Axe  # here, so that the rest of the tools need no browser driver

    page = browser.new_page(color_scheme=scheme)
    page.goto(f"{address}/?__theme={scheme}")
    page.locator("#file").set_input_files(EXAMPLES[0])
    page.locator("#answer .verdict").first.wait_for(timeout=WAIT)
    found = dict.fromkeys(("critical", "serious", "moderate", "minor"), 0)
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(1000)
        for violation in Axe().run(page).response["violations"]:
            found[violation["impact"]] += len(violation["nodes"])
    page.close()
    return found


def take_screenshots(browser, address: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    poster = next(path for path in EXAMPLES if path.stem == "poster")
    page = browser.new_page(color_scheme="light", viewport={"width": 1200, "height": 630})
    page.goto(f"{address}/?__theme=light")
    page.locator(".examples button").nth(2).wait_for(timeout=WAIT)
    page.screenshot(path=folder / "preview.jpg", quality=85)  # for links to the page: web/preview.jpg
    page.close()
    for name, scheme, width, height in (
        ("app", "light", 1280, 1150), ("dark", "dark", 1280, 1150), ("phone", "light", 390, 844),
    ):  # fmt: skip
        page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": height})
        page.goto(f"{address}/?__theme={scheme}")
        page.locator("#file").set_input_files(poster)
        page.locator("#answer .verdict").first.wait_for(timeout=WAIT)
        page.locator("body:not(.busy)").wait_for(timeout=WAIT)
        page.locator("#answer .menu summary").first.click()
        page.locator("#answer [data-compare]").first.click()
        page.mouse.move(1, 1)
        page.wait_for_timeout(800)
        page.screenshot(path=folder / f"{name}.png", full_page=name == "phone")
        page.close()


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/app.json")
    parser.add_argument("--screenshots", type=Path, metavar="DIR", help="save pictures of the app here")
    arguments = parser.parse_args(argv)
    with running_app() as (address, process), open_browser() as browser:
        seconds = [(path.stem, *seconds_to_cards(browser, address, path)) for path in EXAMPLES * (1 + ROUNDS)]
        axe = {scheme: axe_findings(browser, address, scheme) for scheme in ("light", "dark")}
        if arguments.screenshots:
            take_screenshots(browser, address, arguments.screenshots)
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    later = seconds[len(EXAMPLES) :]
    _, names, answers = zip(*later, strict=True)
    metrics = {
        "first_seconds": round(seconds[0][2], 3),
        "median_seconds_to_names": round(statistics.median(names), 3),
        "median_seconds": round(statistics.median(answers), 3),
        "slowest_seconds": round(max(answers), 3),
        "by_picture": {
            path.stem: round(statistics.median(answer for name, _, answer in later if name == path.stem), 3)
            for path in EXAMPLES
        },
        "axe": axe,
        "peak_rss_mb": round(peak / 1024),
    }
    settings = {"rounds": ROUNDS, "pictures": [path.name for path in EXAMPLES]}
    write_result(arguments.results, settings=settings, command="python -m benchmarks.measure_app", metrics=metrics)
    print(metrics)


if __name__ == "__main__":
    main()
