"""The lab's folder: where it is, who holds it, and the file that says how to reach the running lab."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import platformdirs

from academy_ops import contract
from academy_ops.lab import LabError
from academy_ops.messages import os_reason, say

FOLDER_VARIABLE: Final = "ACADEMY_LAB_DIR"
ACCOUNT: Final = "123456789012"
"""The account that AWS's own documentation uses for examples."""
WORKER_USER: Final = "academy-worker"
LOG_GROUP: Final = "/academy/ai-worker"
TENANT: Final = "lab"
_STATE: Final = "state.json"
_LOCK: Final = "academy-lab.lock"


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key id and its secret."""

    key_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class LabState:
    """How to reach the running lab.

    Attributes:
        since: When it was started, RFC 3339, UTC.
        api_url: The API as users reach it: the edge.
        ca_file: The CA that has signed the edge's certificate.
        app_url: The API's own port.
        operator: Full rights in the lab's AWS.
        r2: The API's R2 keys.
        control_token: What `academy_ops.lab.control` asks for.
        generation: 2 for production of 2026: logs in CloudWatch, alarms, a load balancer; else 1.
    """

    pid: int
    since: str
    cloud_url: str
    r2_endpoint: str
    api_url: str
    ca_file: str
    origin_url: str
    app_url: str
    operator: Keys
    r2: Keys
    api_token: str
    control_token: str
    database_url: str
    generation: int = 1

    def env(self) -> dict[str, str]:
        """Return the settings that make every other command talk to this lab."""
        return {
            "ACADEMY_API_URL": self.api_url,
            "SSL_CERT_FILE": self.ca_file,
            **({"ACADEMY_ORIGIN_URL": self.origin_url} if self.generation == 1 else {"AI_WORKER_LOG_GROUP": LOG_GROUP}),
            "ACADEMY_APP_URL": self.app_url,
            "ACADEMY_API_TOKEN": self.api_token,
            "ACADEMY_TENANT_CODE": TENANT,
            "R2_ENDPOINT": self.r2_endpoint,
            "R2_ACCESS_KEY": self.r2.key_id,
            "R2_SECRET_KEY": self.r2.secret,
            "R2_EXCEL_BUCKET": contract.BUCKET_NAME,
            contract.QUEUE_SETTING: contract.QUEUE_NAME,
            "DATABASE_URL": self.database_url,
            "ACADEMY_AWS_ACCOUNT_ID": ACCOUNT,
            **aws_env(self.cloud_url, self.operator),
        }


def aws_env(cloud_url: str, keys: Keys) -> dict[str, str]:
    """Return what makes an AWS SDK talk to the lab's AWS, and to nothing else, with ``keys``."""
    return {
        "AWS_ENDPOINT_URL": cloud_url,
        "AWS_ACCESS_KEY_ID": keys.key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret,
        "AWS_REGION": contract.REGION,
        "AWS_DEFAULT_REGION": contract.REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def folder() -> Path:
    """Return the lab's folder: ``ACADEMY_LAB_DIR``, else one in the user's state folder."""
    named = os.environ.get(FOLDER_VARIABLE, "").strip()
    return Path(named).absolute() if named else platformdirs.user_state_path("academy-ops-lab", appauthor=False)


@contextmanager
def held(place: Path) -> Iterator[None]:
    """Hold the folder, empty but for the lock, for as long as the lab runs; remove it at the end."""
    lock = _take(place)
    try:
        _clear(place)
        yield
    finally:
        _clear(place)
        # The lock goes last, while it is still held: whoever waits for it sees that its file is gone and starts anew.
        (place / _LOCK).unlink(missing_ok=True)
        with suppress(OSError):
            place.rmdir()
        os.close(lock)


def is_running(place: Path) -> bool:
    """Return whether a supervisor holds the folder."""
    try:
        descriptor = os.open(place / _LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def write(place: Path, state: LabState) -> None:
    """Write the state file, readable by its owner only, in one step."""
    draft = place / f"{_STATE}.new"
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(state), indent=1), encoding="utf-8")
    draft.replace(place / _STATE)


def read(place: Path) -> LabState | None:
    """Return the running lab's state, or None when no lab runs (or it is still starting)."""
    if not is_running(place):
        return None
    try:
        values = json.loads((place / _STATE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return LabState(**{**values, "operator": Keys(**values["operator"]), "r2": Keys(**values["r2"])})


def remove_leftovers(place: Path) -> bool:
    """Remove what a crashed lab left behind; return whether there was anything."""
    if is_running(place) or not (place / _LOCK).exists():
        return False
    with held(place):
        pass
    return True


def _take(place: Path) -> int:
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (place / _LOCK).exists() and any(place.iterdir()):
            # Whatever is in the folder is removed at the end, so it must be the lab's own.
            raise LabError(say("{path} is not empty, and not a lab folder. Choose another one.", path=str(place)))
        place.chmod(0o700)
        for _attempt in range(10):
            descriptor = os.open(place / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(descriptor), (place / _LOCK).stat()):
                    return descriptor
            except FileNotFoundError:
                place.mkdir(mode=0o700, parents=True, exist_ok=True)
            except BlockingIOError:
                os.close(descriptor)
                raise
            os.close(descriptor)
    except BlockingIOError as error:
        raise already_running(place) from error
    except OSError as error:
        raise LabError(
            say("Can't use the lab's folder {path}: {reason}.", path=str(place), reason=os_reason(error))
        ) from error
    raise already_running(place)


def already_running(place: Path) -> LabError:
    """Return the error that names the lab that runs already."""
    state = read(place)
    if state is None:
        return LabError(say("A lab is starting or stopping in {path}. Wait for it.", path=str(place)))
    return LabError(
        say(
            "A lab is already running (pid {pid}, since {since}). Stop it: academy-ops lab down",
            pid=state.pid,
            since=state.since,
        )
    )


def _clear(place: Path) -> None:
    for entry in place.iterdir():
        if entry.name == _LOCK:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
