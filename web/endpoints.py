"""What programs call, over HTTP and as MCP tools: `/identify`, `/similar`, `/catalogue`, `/alternatives`."""

from functools import partial
from pathlib import Path

import gradio as gr

from fontid.catalogue.alternatives import alternatives_to, find_face
from fontid.catalogue.faces import regular_face, style_apart
from fontid.commands import Refusal
from fontid.identifier import Answer, FontIdentifier, NoText, told
from fontid.picture.opening import PictureError
from web.browse import find_families
from web.filters import CATEGORIES, SLOPES, WEIGHTS, WIDTH_NAMES, Wanted, wanted
from web.limits import AT_HAND
from web.remembered import ANSWERS, question_of
from web.turns import TURNS
from web.uploads import kind_of_work

ROWS = 5  # of an answer
QUEUE = {"concurrency_id": "stage", "concurrency_limit": AT_HAND}  # of all questions, in the order they come


def several(chosen) -> list:
    """What was chosen as a list: one that came alone, without a list around it, is meant."""
    return chosen if isinstance(chosen, list) else [chosen] if chosen else []


def endpoints(identifier: FontIdentifier) -> None:
    """Add them to the page that is being built.

    Of their docstrings Gradio tells programs the first lines, one line for each argument, and the lines that follow
    "Returns:", with commas between them.
    """

    def identify(
        picture: str | None,
        top: int = ROWS,
        categories: list[str] | None = None,
        weights: list[int] | None = None,
        slope: str = "any",
        widths: list[str] | None = None,
    ) -> dict:
        """Identify the font in a picture of Latin text.

        Args:
            picture: the picture: a file, or over MCP its http(s) or data address.
            top: how many rows to rank, 1 to 50.
            categories: only fonts of these: sans-serif, serif, display, handwriting, monospace.
            weights: only these weights, 100 to 900.
            slope: "any", "upright" or "italic".
            widths: only these: narrow, normal, wide.

        Returns:
            JSON text, the object that `fontid identify --json` prints
            matches (family, name, style, probability, conditional_probability, twins, licence, url and more)
            in_catalogue
            groups of lines with the same and their boxes and readings
            without Latin letters in the picture no matches and the verdict no_text
        """
        only = wanted(several(categories), several(weights), slope, several(widths))
        if picture is None:
            raise PictureError("No picture came with this request: send one as the first argument.")
        try:
            answer: Answer | NoText = answer_of(picture, min(50, max(1, int(top))), only)
        except NoText as error:
            answer = error
        return told(Path(picture).name, answer)

    def answer_of(picture: str, top: int, only: Wanted | None) -> Answer:
        question = question_of(picture, top, only)
        answer = ANSWERS.get(question)
        if answer is None:
            identify = partial(identifier.identify, picture, top=top, only=only)
            answer = TURNS.take(identify, kind=kind_of_work(picture))
            ANSWERS.keep(question, answer)
        return answer

    def similar(family: str, weight: int = 400, italic: bool = False, top: int = ROWS) -> list[dict]:
        """Find the families of the catalogue that resemble one of them most.

        Args:
            family: its name or id, such as "Open Sans" or "open-sans".
            weight: of the face to compare, 100 to 900; the nearest there is is taken.
            italic: whether it is the italic.
            top: how many, 1 to 50.

        Returns:
            JSON text, a list of rows with family, name, weight, italic, score (cosine), url and twins
            the most similar first
        """
        asked = identifier.catalogue.family_named(family)
        if asked is None:
            raise Refusal(f"No family is named {family}: /catalogue searches for names.")
        rows = [face for face in identifier.catalogue.faces if face.family == asked]
        face = min(rows, key=lambda face: style_apart(face, weight, italic))
        found = identifier.catalogue.similar(identifier.catalogue.row_of(face.id), min(50, max(1, int(top))))
        return [row.to_dict() for row in found]

    def catalogue(search: str = "", category: str = "", limit: int = 50) -> dict:
        """Search the catalogue's families by name and traits.

        Args:
            search: words that the name or the traits hold, such as "variable condensed sans"; nothing for all families.
            category: only families of this one: sans-serif, serif, display, handwriting, monospace.
            limit: how many to list, 1 to 2000.

        Returns:
            JSON text, an object with the count of families found
            and families with family, name, category, license, url and styles of each
        """
        found = find_families(identifier, search, wanted([category] if category else []))
        rows = []
        for faces in found[: min(2000, max(1, int(limit)))]:
            one = regular_face(faces)
            styles = [{"weight": face.weight, "italic": face.italic, "width": face.width_class} for face in faces]
            about = {"family": one.family, "name": one.name, "category": one.category, "license": one.license}
            rows.append(about | {"url": one.url, "styles": styles})
        return {"count": len(found), "families": rows}

    def alternatives(name: str) -> dict:
        """Find free families for a paid or system face.

        Args:
            name: of the face, such as "Proxima Nova" or "Helvetica".

        Returns:
            JSON text, an object with the face that was understood
            and alternatives with name, family, relation (same metrics, revival, resembles), of, sources and url of each
        """
        face = find_face(name, {one.name for one in identifier.catalogue.faces})
        return {"face": face, "alternatives": [one.to_dict() for one in alternatives_to(face)]}

    hidden = {"visible": False}  # each: what a hidden group holds would be fetched with the page
    with gr.Group(**hidden):
        picture = gr.Image(label="picture", type="filepath", image_mode=None, **hidden)
        top = gr.Number(ROWS, label="top", precision=0, **hidden)
        # `wanted` says in a sentence what is no choice, which Gradio does not where it looks itself
        several_of = {"value": [], "multiselect": True, "allow_custom_value": True} | hidden
        categories = gr.Dropdown(list(CATEGORIES), label="categories", **several_of)
        weights = gr.Dropdown(list(WEIGHTS), label="weights", **several_of)
        weights.api_info = lambda: {"type": "array", "items": {"type": "integer", "enum": list(WEIGHTS)}}
        slope = gr.Dropdown(list(SLOPES), value="any", label="slope", allow_custom_value=True, **hidden)
        widths = gr.Dropdown(list(WIDTH_NAMES), label="widths", **several_of)
        answer = gr.JSON(label="answer", **hidden)
        gr.Button(**hidden).click(
            identify,
            [picture, top, categories, weights, slope, widths],
            answer,
            api_name="identify",
            **QUEUE,
        )
    gr.api(similar, api_name="similar")
    gr.api(catalogue, api_name="catalogue")
    gr.api(alternatives, api_name="alternatives")
