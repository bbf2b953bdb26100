"""What a chaos run will do: every upload and every disturbance, from one seed."""

import io
import random
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from academy_ops.academy import sample_workbooks
from academy_ops.contract import MAX_UPLOAD_BYTES

DONE: Final = "DONE"
FAILED: Final = "FAILED"
REFUSED: Final = "refused"
LARGEST: Final = 2000
REPEATED: Final = 0.2
SPECIAL: Final = 5
"""Every fifth upload is one that people get wrong."""
BOMB_MEBIBYTES: Final = 1200
"""More than the reader's process may have."""
DISTURBANCES: Final[Mapping[str, int]] = {
    "kill a worker in mid-job": 5,
    "stop a worker": 1,
    "kill the API": 3,
    "kill nginx": 1,
    "kill R2": 2,
    "deliver again, in another order": 3,
    "send messages twice": 3,
    "pause the database": 2,
    "fill the disk": 2,
}
"""Each with its weight; each comes at least once where there is room."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody will upload.

    Attributes:
        number: Its place in the order.
        at: When, in seconds from the start.
        kind: What it is.
        ends: How it must end: the job's status, or `REFUSED` where the API must say no.
        first: The number of its first student.
        count: How many good rows it has.
        password: The initial password; no other upload has it.
    """

    number: int
    at: float
    kind: str
    ends: str
    first: int
    count: int
    password: str

    @property
    def name(self) -> str:
        """The file's name."""
        return f"학생 {self.number}.{'csv' if self.kind == 'not .xlsx' else 'xlsx'}"

    def content(self) -> bytes:
        """Make the file."""
        return WRONG[self.kind][1]() if self.kind in WRONG else _students(self)

    def students(self) -> frozenset[tuple[str, str]]:
        """Return name and parent's phone of each good row."""
        return frozenset((_name(number), _phone(number)) for number in range(self.first, self.first + self.count))


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that goes wrong.

    Attributes:
        at: When, in seconds from the start.
        kind: One of `DISTURBANCES`.
        seconds: For how long, where it lasts.
    """

    at: float
    kind: str
    seconds: float


def uploads(dice: random.Random, count: int, seconds: float) -> list[Upload]:
    """Plan ``count`` uploads of the same kinds for each seed, within ``seconds``, in the order of their time."""
    wrong = ["zip bomb", *list(WRONG)[1:] * count][: count // SPECIAL]
    kinds = [*wrong, *("partly bad" if n % 10 == 1 else "good" for n in range(count - len(wrong)))]
    dice.shuffle(kinds)
    planned: list[Upload] = []
    free = 1
    for number, (kind, at) in enumerate(zip(kinds, sorted(dice.uniform(0, seconds) for _ in kinds), strict=True)):
        size = 0 if kind in WRONG else min(LARGEST, int(dice.lognormvariate(4, 1.5)) + 1)
        again = [one for one in planned if one.count]
        if size and again and dice.random() < REPEATED:
            # The same school once more, with some new students.
            first = dice.choice(again).first
        else:
            first, free = free, free + size
        free = max(free, first + size)
        ends = WRONG[kind][0] if kind in WRONG else DONE
        planned.append(Upload(number, at, kind, ends, first, size, f"pw-{dice.getrandbits(80):020x}"))
    return planned


def disturbances(dice: random.Random, count: int, seconds: float) -> list[Disturbance]:
    """Plan ``count`` disturbances within ``seconds``, in the order of their time."""
    kinds = list(DISTURBANCES)
    chosen = [*kinds, *dice.choices(kinds, list(DISTURBANCES.values()), k=max(0, count - len(kinds)))]
    dice.shuffle(chosen)
    times = sorted(dice.uniform(1, seconds) for _ in range(count))
    return [
        Disturbance(at, kind, dice.uniform(2, min(13, seconds / 4)))
        for at, kind in zip(times, chosen[:count], strict=True)
    ]


def _students(upload: Upload) -> bytes:
    rows = [
        ("", _name(number), _phone(number), "휘문고") for number in range(upload.first, upload.first + upload.count)
    ]
    bad = [("", "김두리", "010-123", "휘문고"), ("예시", "홍길동", "010-0000-0000", "")]
    header = ("구분", "이름*", "학부모전화번호*", "학교")
    return sample_workbooks.workbook([header, *rows, *(bad if upload.kind == "partly bad" else ())])


def _name(number: int) -> str:
    return f"학생{number:06d}"


def _phone(number: int) -> str:
    return f"010{number:08d}"


@cache
def _bomb() -> bytes:
    """Make a workbook whose one shared string is larger than any memory that its reader may have."""
    block = b"A" * (1 << 20)
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(sample_workbooks.students(1))) as good,
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bomb,
    ):
        for entry in good.infolist():
            if entry.filename != "xl/sharedStrings.xml":
                bomb.writestr(entry.filename, good.read(entry))
        with bomb.open("xl/sharedStrings.xml", "w", force_zip64=True) as strings:
            strings.write(b'<?xml version="1.0"?><sst count="1"><si><t>')
            for _ in range(BOMB_MEBIBYTES):
                strings.write(block)
            strings.write(b"</t></si></sst>")
    return content.getvalue()


WRONG: Final[Mapping[str, tuple[str, Callable[[], bytes]]]] = {
    "zip bomb": (FAILED, _bomb),
    "no workbook": (FAILED, lambda: sample_workbooks.faulty("excel-unreadable")),
    "not .xlsx": (REFUSED, "이름,학부모전화번호\n".encode),
    "only bad rows": (DONE, lambda: sample_workbooks.faulty("excel-phone-invalid")),
    "too large": (REFUSED, lambda: b"PK\x03\x04" + bytes(MAX_UPLOAD_BYTES)),
    "no header": (FAILED, lambda: sample_workbooks.faulty("excel-header-missing")),
    "no phone column": (FAILED, lambda: sample_workbooks.faulty("excel-phone-column-missing")),
    "no students": (FAILED, lambda: sample_workbooks.faulty("excel-no-students")),
}
"""What people get wrong: how it must end, and what makes the file. The bomb comes once."""
