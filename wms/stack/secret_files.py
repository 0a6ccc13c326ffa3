"""The secret files of docker-compose.yml: made once, each its own password, the broker's list hashed.

Container users other than ours must read them, so the files are readable and their folder is private.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path

BROKER_USERS = ("wes", "gw-1", "vehicles")
_ITERATIONS = 101_000


def make(folder: Path) -> list[Path]:
    """Write those that are missing and answer their paths."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    database = _kept(folder / "database_password")
    users = {user: _kept(folder / f"broker_password_{user}") for user in BROKER_USERS}
    texts = {f"broker_password_{user}": password for user, password in users.items()}
    texts |= {f"broker_url_{user}": f"mqtt://{user}:{password}@broker:1883" for user, password in users.items()}
    texts |= {
        "database_password": database,
        "database_url": f"postgresql+psycopg://wms:{database}@database:5432/wms",
    }
    made = [folder / name for name in texts if _write(folder / name, texts[name])]
    if made or not (folder / "broker_passwords").exists():
        _write(folder / "broker_passwords", password_file(users), replace=True)
        made.append(folder / "broker_passwords")
    return made


def password_file(users: Mapping[str, str]) -> str:
    """Mosquitto's format 7: PBKDF2 with SHA-512."""
    return "".join(f"{user}:{_hashed(password)}\n" for user, password in users.items())


def _hashed(password: str) -> str:
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"$7${_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def _kept(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() if path.exists() else secrets.token_urlsafe(24)


def _write(path: Path, text: str, replace: bool = False) -> bool:
    if path.exists() and not replace:
        return False
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)
    return True
