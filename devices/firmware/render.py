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
from pydantic import BaseModel, ConfigDict, Field, ValidationError


class BadFirmwareConfig(ValueError):
    """A folder or its parameters do not fit; the text names file and place."""


class Query(BaseModel):
    """One question to the device whose answer proves a setting; both sides are templates too."""

    model_config = ConfigDict(extra="forbid")
    send: str
    expect: str


class Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())
    id: str
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    device_class: str = Field(alias="class")
    vendor: str
    models: list[str] = Field(min_length=1)
    firmware: str
    """Versions it was written for, such as ">=3.1"."""
    transport: str
    template: str = "template.j2"
    params_schema: str = "params.schema.json"
    newline: Literal["lf", "crlf"] = "lf"
    push: Literal["automatic", "approved", "never"]
    """never: audit only, a person sets the device."""
    legal_seal: bool = False
    needs_reboot: bool = False
    apply: list[str] = Field(min_length=1)
    verify: list[Query] = Field(default_factory=list)
    rollback: str
    source: str
    """Manual and chapter the settings come from."""


@dataclass(frozen=True, slots=True)
class Rendered:
    content: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class GoldenCase:
    """`golden/<name>.params.json` and the bytes they must give, `golden/<name>.out`."""

    folder: Path
    name: str

    @property
    def params(self) -> dict[str, Any]:
        return read_params(self.folder / "golden" / f"{self.name}.params.json")

    @property
    def output(self) -> Path:
        return self.folder / "golden" / f"{self.name}.out"


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
        found = Manifest.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise BadFirmwareConfig(f"{path}: {error}") from error
    if found.legal_seal and found.push != "never":
        raise BadFirmwareConfig(f"{path}: a sealed device must have push: never")
    return found


def render(folder: Path, params: dict[str, Any]) -> Rendered:
    """Render one configuration; equal input gives equal bytes everywhere. Errors: BadFirmwareConfig."""
    about = manifest(folder)
    _check(folder / about.params_schema, params)
    text = _fill(folder, about.template, params)
    if about.template.endswith((".json", ".json.j2")):
        text = _canonical_json(folder / about.template, text)
    if about.newline == "crlf":
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    content = text.encode("utf-8")
    return Rendered(content, hashlib.sha256(content).hexdigest())


def queries(folder: Path, params: dict[str, Any]) -> list[Query]:
    """The manifest's verify queries with these parameters. Errors: BadFirmwareConfig."""
    about = manifest(folder)
    _check(folder / about.params_schema, params)
    return [Query(send=_fill_text(q.send, params), expect=_fill_text(q.expect, params)) for q in about.verify]


def _check(schema_path: Path, params: dict[str, Any]) -> None:
    schema = read_params(schema_path)
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(params)
    except (jsonschema.SchemaError, jsonschema.ValidationError) as error:
        place = ".".join(map(str, error.absolute_path)) or "parameters"
        raise BadFirmwareConfig(f"{schema_path}: {place}: {error.message}") from error


def _environment(folder: Path | None = None) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder) if folder is not None else None,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )


def _fill(folder: Path, template: str, params: dict[str, Any]) -> str:
    try:
        return _environment(folder).get_template(template).render(params)
    except jinja2.TemplateError as error:
        raise BadFirmwareConfig(f"{folder / template}: {error}") from error


def _fill_text(text: str, params: dict[str, Any]) -> str:
    try:
        return _environment().from_string(text).render(params)
    except jinja2.TemplateError as error:
        raise BadFirmwareConfig(f"verify {text!r}: {error}") from error


def _canonical_json(path: Path, text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    except ValueError as error:
        raise BadFirmwareConfig(f"{path}: renders to no JSON: {error}") from error
