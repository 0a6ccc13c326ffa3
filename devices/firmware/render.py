"""Manifest + template + parameters -> bytes and their SHA-256. Layout of the folders: firmware_configs/README.md."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jinja2
import jsonschema
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator


class BadFirmwareConfig(ValueError):
    """A folder or its parameters do not fit; the text names file and place."""


class _Yaml(yaml.SafeLoader):
    """YAML 1.2 booleans: `on:` is a word, not true."""


_Yaml.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Render(BaseModel):
    """How the template's text becomes bytes."""

    model_config = ConfigDict(extra="forbid")
    format: Literal["text", "json", "yaml"]
    newline: Literal["lf", "crlf"] = "lf"
    hash: Literal["sha256"] = "sha256"
    canonical: str = ""
    """What was agreed about the text's own form; for people."""


class Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str = Field(pattern=r"^[a-z0-9_]+\.[a-z0-9_]+\.[a-z0-9_]+$")
    """class.vendor_model.profile, as its folder."""
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    model: str
    firmware: str
    """Versions it was written for, such as ">=3.1"."""
    purpose: str
    transport: dict[str, Any]
    template: str = "template.j2"
    params_schema: str = "params.schema.json"
    render: Render
    apply: list[dict[str, Any]] = Field(min_length=1)
    """Steps in order; a step `manual` is done by a person, any other is sent."""
    verify: list[dict[str, Any]] = Field(min_length=1)
    """Questions to the device and what must come back; texts in them are templates too."""
    drift: dict[str, Any]
    rollback: str
    needs_reboot: bool
    legal_seal: bool
    seal_note: str = ""
    secrets: list[str]
    """Names of the references that are resolved only when pushing."""
    source: str = ""

    @model_validator(mode="after")
    def _sealed_is_never_written(self) -> "Manifest":
        if self.legal_seal and any(set(step) != {"manual"} for step in self.apply):
            raise ValueError("a sealed device may only have manual steps")
        return self


@dataclass(frozen=True, slots=True)
class Rendered:
    content: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class GoldenCase:
    """`golden/<name>.params.json` and the bytes they must give, `golden/<name>.<format>`."""

    folder: Path
    name: str

    @property
    def params(self) -> dict[str, Any]:
        return read_params(self.folder / "golden" / f"{self.name}.params.json")

    @property
    def output(self) -> Path:
        suffix = {"text": "txt"}.get(form := manifest(self.folder).render.format, form)
        return self.folder / "golden" / f"{self.name}.{suffix}"


def folders(root: Path) -> list[Path]:
    """Every configuration below `root`."""
    return sorted(path.parent for path in root.glob("*/*/*/manifest.yaml"))


def golden_cases(folder: Path) -> Iterator[GoldenCase]:
    for path in sorted((folder / "golden").glob("*.params.json")):
        yield GoldenCase(folder, path.name.removesuffix(".params.json"))


def read_params(path: Path) -> dict[str, Any]:
    """Errors: BadFirmwareConfig."""
    try:
        params = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadFirmwareConfig(f"{path}: {error}") from error
    if not isinstance(params, dict):
        raise BadFirmwareConfig(f"{path}: expected an object")
    return params


def manifest(folder: Path) -> Manifest:
    """Errors: BadFirmwareConfig."""
    path = folder / "manifest.yaml"
    try:
        found = Manifest.model_validate(yaml.load(path.read_text("utf-8"), _Yaml))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise BadFirmwareConfig(f"{path}: {error}") from error
    if found.id != ".".join(folder.resolve().parts[-3:]):
        raise BadFirmwareConfig(f"{path}: id {found.id} is not that of its folder")
    return found


def render(folder: Path, params: dict[str, Any]) -> Rendered:
    """Render one configuration; equal input gives equal bytes everywhere. Errors: BadFirmwareConfig."""
    about = manifest(folder)
    params = _checked(folder / about.params_schema, params)
    text = _fill(folder, about.template, params)
    _parse(folder / about.template, about.render.format, text)
    if about.render.newline == "crlf":
        text = text.replace("\n", "\r\n")
    content = text.encode("utf-8")
    return Rendered(content, hashlib.sha256(content).hexdigest())


def queries(folder: Path, params: dict[str, Any]) -> list[dict[str, Any]]:
    """The manifest's verify steps with these parameters. Errors: BadFirmwareConfig."""
    about = manifest(folder)
    params = _checked(folder / about.params_schema, params)
    return [{name: _fill_value(value, params) for name, value in step.items()} for step in about.verify]


def fill_step(folder: Path, step: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """One apply step with these parameters. Errors: BadFirmwareConfig."""
    complete = _checked(folder / manifest(folder).params_schema, params)
    return {name: _fill_value(value, complete) for name, value in step.items()}


def _checked(schema_path: Path, params: dict[str, Any]) -> dict[str, Any]:
    """Parameters with the schema's defaults. Errors: BadFirmwareConfig."""
    schema = read_params(schema_path)
    properties = schema.get("properties", {})
    complete = {**{name: p["default"] for name, p in properties.items() if "default" in p}, **params}
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(complete)
    except (jsonschema.SchemaError, jsonschema.ValidationError) as error:
        place = ".".join(map(str, error.absolute_path)) or "parameters"
        raise BadFirmwareConfig(f"{schema_path}: {place}: {error.message}") from error
    return complete


def _environment(folder: Path | None = None) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder) if folder is not None else None,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )


def _fill(folder: Path, template: str, params: dict[str, Any]) -> str:
    try:
        return _environment(folder).get_template(template).render(params)
    except (jinja2.TemplateError, TypeError, ValueError) as error:
        raise BadFirmwareConfig(f"{folder / template}: {error}") from error


def _fill_value(value: Any, params: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: _fill_value(inner, params) for name, inner in value.items()}
    if not isinstance(value, str):
        return value
    try:
        return _environment().from_string(value).render(params)
    except (jinja2.TemplateError, TypeError, ValueError) as error:
        raise BadFirmwareConfig(f"verify {value!r}: {error}") from error


def _parse(path: Path, form: str, text: str) -> None:
    """Refuse a render that the device's own reader could not read."""
    try:
        if form == "json":
            json.loads(text)
        elif form == "yaml":
            yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise BadFirmwareConfig(f"{path}: renders to no {form}: {error}") from error
