"""What was said on a vehicle's topics against the official schemas, where they are at hand."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMAS = Path(os.environ.get("WHARFINGER_SHARED", "../shared")) / "data/vda5050"
FOLDERS = {"v2": "2.1.0", "v3": "3.0.0-main-2026-07"}


def validate(version: str, heard: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Every message of both ends, given as topic's last level and body. Errors: AssertionError."""
    folder, said = SCHEMAS / FOLDERS[version], list(heard)
    if not folder.is_dir():
        return
    for name in {name for name, _ in said}:
        schema = json.loads((folder / f"{name}.schema").read_text(encoding="utf-8"))
        if (version, name) == ("v2", "state"):
            # The 2.1.0 schema's enum lacks the PAUSED that its text (6.11) has: allowed by name, nothing else.
            status = schema["properties"]["actionStates"]["items"]["properties"]["actionStatus"]
            status["enum"] = [*status["enum"], "PAUSED"]
        validator = Draft202012Validator(schema)
        for topic, body in said:
            if topic == name:
                assert not list(validator.iter_errors(body)), (name, body)
