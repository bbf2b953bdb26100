"""Workbooks of students with names as most have them; those of the samples (학생0001) need the reader's closer look."""

from itertools import cycle, islice, product

from academy_ops.academy import sample_workbooks


def roster(count: int) -> bytes:
    """Make a workbook of ``count`` students."""
    names = map("".join, product("김이박최정강조윤장임한오", "가나다라마바사아자차하", "빈준서윤우진현민호연은주"))
    rows = [
        ("", name, f"010-{2000 + number // 10_000:04d}-{number % 10_000:04d}", "", "여", "고등", "휘문고", "2", "3")
        for number, name in enumerate(islice(cycle(names), count))
    ]
    return sample_workbooks.workbook([sample_workbooks.HEADER, *rows])
