"""The JSON schemas by which editors complete and check params.yaml and the profiles."""

from pathlib import Path
from typing import Any

import click

from ldnet.command_line import Command, echo
from ldnet.files import write_json
from pipeline.params import Params
from pipeline.profiles import LIKE

COMPLETE, OVERLAY = Path("params.schema.json"), Path("profiles/overlay.schema.json")


@click.command(cls=Command, examples=["python -m commands.schema"])
def main() -> None:
    """Write params.schema.json, for params.yaml and the base of the profiles, and profiles/overlay.schema.json, for the
    other profiles, which leave keys out."""
    for path, schema in ((COMPLETE, complete()), (OVERLAY, overlay())):
        write_json(path, schema)
        echo(f"{path}: {len(schema['properties'])} keys at the top level")


def complete() -> dict[str, Any]:
    """Every key with type, bounds and description; all that has no default is required."""
    schema: dict[str, Any] = _without_titles(Params.model_json_schema())
    return schema


def overlay() -> dict[str, Any]:
    """The same, but only `profile` is required, another profile may be named that this one is like, and null takes a
    key away where a section may lack it."""
    schema = complete()
    for section in schema["$defs"].values():
        section.pop("required", None)
    for mapping in (
        schema["properties"]["generate_data"],
        schema["$defs"]["AblationsParams"]["properties"]["candidates"],
    ):
        mapping["additionalProperties"] = {"anyOf": [mapping["additionalProperties"], {"type": "null"}]}
    schema["properties"][LIKE] = {"type": "string", "description": "The profile from which this one differs."}
    return {**schema, "required": ["profile"]}


def _without_titles(schema: Any) -> Any:
    """The schema without the titles that pydantic makes of the keys."""
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_titles(value) for key, value in schema.items() if key != "title" or not isinstance(value, str)
    }


if __name__ == "__main__":
    main()
