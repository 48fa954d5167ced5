"""How Gradio talks to programs, put right: JSON over MCP, and a sentence for whatever it cannot take."""

import json

from gradio.mcp import GradioMCPServer
from gradio_client import utils as client_utils
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

HOW = "See /gradio_api/openapi.json for the addresses and their fields."
PICTURE = 'A picture is given as {"path": P}, P being what /gradio_api/upload answered.'
MISTAKEN = f"Something in this request is not of the kind that is asked for. {PICTURE} {HOW}"
NO_ADDRESS = "A picture is given by its http(s) or data address; what came is neither."
LONGEST_NAME = 40  # characters of a field's name that are said again

_take_apart = GradioMCPServer.convert_strings_to_filedata


class Misnamed(HTTPException):
    """Fields are unknown or missing; the message says which."""

    def __init__(self, sentence: str) -> None:
        super().__init__(422, f"{sentence} {HOW}")

    def __str__(self) -> str:  # all that MCP shows of an error
        return self.detail


def speak_plainly() -> None:
    """From now on, in this process."""
    GradioMCPServer.postprocess_output_data = as_json
    GradioMCPServer.convert_strings_to_filedata = with_pictures
    client_utils.construct_args = in_order


def as_json(server: GradioMCPServer, data: list, root_url: str) -> list:
    """Results as MCP's text; Gradio's own are Python's repr."""
    return [server.types.TextContent(type="text", text=json.dumps(one, ensure_ascii=False)) for one in data]


def with_pictures(server: GradioMCPServer, value: dict, positions: list) -> dict:
    """Gradio's own would repeat the whole picture where it is no address. Raises: ValueError."""
    try:
        return _take_apart(server, value, positions)
    except ValueError as error:
        raise ValueError(NO_ADDRESS) from error


def in_order(parameters: list[dict] | None, args: tuple, fields: dict) -> list:
    """Named fields as a list in the order of the parameters, defaults filled in. Raises: Misnamed."""
    parameters = parameters or []
    names = [one["parameter_name"] for one in parameters]
    unknown = [name[:LONGEST_NAME] for name in fields if name not in names[len(args) :]]
    if unknown:
        raise Misnamed(f"No field is named {', '.join(unknown)}: there are {', '.join(names)}.")
    defaults = {
        one["parameter_name"]: one["parameter_default"] for one in parameters if one.get("parameter_has_default")
    }
    given = dict(zip(names, args, strict=False)) | fields
    missing = [name for name in names if name not in given and name not in defaults]
    if missing:
        raise Misnamed(f"This needs a field named {', '.join(missing)}.")
    return [given.get(name, defaults.get(name)) for name in names]


async def mistaken(request: Request, error: Exception) -> JSONResponse:
    """What FastAPI answers to a body of another form; its own answer would repeat the body."""
    return JSONResponse({"detail": MISTAKEN}, 422)
