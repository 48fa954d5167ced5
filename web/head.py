"""What a page that links here shows of ours: Gradio's template names itself, before our own title."""

import re
from pathlib import Path

from gradio import routes
from jinja2 import ChoiceLoader, DictLoader

from web.words import SUMMARY

TEMPLATE = "frontend/index.html"
PREVIEW = "/preview.jpg"
PREVIEW_FILE = Path(__file__).parent / "preview.jpg"  # by `benchmarks.measure_app --screenshots`


def name_page(title: str) -> None:
    """From now on, in this process."""
    templates = routes.templates.env
    source, _, _ = templates.loader.get_source(templates, TEMPLATE)
    source = re.sub(r'"https://raw\.githubusercontent[^"]*"', f"\"{{{{ config['root'] }}}}{PREVIEW}\"", source)
    source = source.replace("{{ config['thumbnail'] or '' }}", f"{{{{ config['root'] }}}}{PREVIEW}")
    source = source.replace('content="Gradio"', f'content="{title}"').replace("Click to try out the app!", SUMMARY)
    templates.loader = ChoiceLoader([DictLoader({TEMPLATE: source}), templates.loader])
