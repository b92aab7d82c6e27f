"""The page of what each command prints as JSON, from the schemas."""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from generate_tables import cell, code, table

_COMMON = "document"
_OF_MANY = (
    ("line", "A line of many caches", "What `--format jsonl` prints for each of many caches, from"),
    ("many", "All of many caches", "The `summary` of `--json` over many caches, without the keys of `report`, from"),
)
_FOLDER = "../../pipcacheplus/render/schemas"


def schemas_page() -> str:
    """Return the page of all schemas."""
    schemas = _schemas()
    common = schemas.pop(_COMMON)
    lines = [
        "# JSON, key by key",
        "",
        "What `--format json` prints, from the JSON Schemas (draft 2020-12) that come with the package; this page is",
        "written from them. [JSON](json.md) says what the keys mean.",
        "",
        "## Every document",
        "",
        f"[`{_COMMON}.json`]({_FOLDER}/{_COMMON}.json):",
        "",
        *table(["key", "value"], _rows("", common)),
    ]
    for name, schema in common["$defs"].items():
        rows = [row for inside, path in _objects(schema, "") for row in _rows(f"{path}.".lstrip("."), inside)]
        lines += ["", f"### {name}", ""]
        lines += [] if "properties" in schema else [_sentence(_value(schema)), ""]
        lines += table(["key", "value"], rows) if rows else []
        lines = lines if rows else lines[:-1]
    for name, heading, before in _OF_MANY:
        schema = schemas.pop(name)
        lines += ["", f"## {heading}", "", f"{before} [`{name}.json`]({_FOLDER}/{name}.json):", ""]
        lines += table(["key", "value"], _rows("", _summary(schema) or schema))
    for command, schema in schemas.items():
        lines += ["", f"## {command}", "", f"The `summary` of [`{command}.json`]({_FOLDER}/{command}.json):", ""]
        rows = list(_rows("", _summary(schema)))
        lines += [*table(["key", "value"], rows)] if rows else ["It has no keys."]
    return "\n".join(lines) + "\n"


def _schemas() -> dict[str, Any]:
    found = (path for path in files("pipcacheplus.render").joinpath("schemas").iterdir() if path.name.endswith(".json"))
    return {path.name[:-5]: json.loads(path.read_text("utf-8")) for path in sorted(found, key=lambda path: path.name)}


def _summary(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    own: Mapping[str, Any] = schema.get("$defs", {}).get("summary", {})
    return own


def _rows(prefix: str, schema: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield a row for each key, those of objects inside behind a dot; `[]` is each member of a list."""
    for key, value in schema.get("properties", {}).items():
        yield [code(prefix + key), _value(value)]
        for inside, path in _objects(value, prefix + key):
            yield from _rows(path + ".", inside)


def _objects(schema: Mapping[str, Any], path: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield the objects that a value is made of, with their paths."""
    if "properties" in schema:
        yield schema, path
    for one in schema.get("anyOf", ()):
        yield from _objects(one, path)
    if "items" in schema:
        yield from _objects(schema["items"], path + "[]")
    if isinstance(schema.get("additionalProperties"), Mapping):
        yield from _objects(schema["additionalProperties"], path + ".*")


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def _reference(path: str) -> str:
    file, _, name = path.partition("#/$defs/")
    if "#/properties/" in path:
        return "as in [every document](#every-document)"
    return f"[{name}](#{name})" if name else code(file)


def _value(schema: Mapping[str, Any]) -> str:
    """Return what a value is, in words."""
    if "$ref" in schema:
        return _reference(schema["$ref"])
    if "anyOf" in schema:
        return " or ".join(map(_value, schema["anyOf"]))
    if "const" in schema:
        return code(json.dumps(schema["const"]))
    if "enum" in schema:
        return ", ".join(code(json.dumps(one)) for one in schema["enum"])
    kinds = schema.get("type", "any value")
    said = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    said = said.replace("array", "list")
    if "items" in schema:
        said += f" of {_value(schema['items'])}"
    elif isinstance(schema.get("additionalProperties"), Mapping):
        keys = schema.get("propertyNames", {})
        said += " from " + (_value(keys) if keys else "string") + f" to {_value(schema['additionalProperties'])}"
    if "minimum" in schema:
        said += f", {schema['minimum']} or more"
    if "format" in schema:
        said += f" ({cell(schema['format'])})"
    return said
