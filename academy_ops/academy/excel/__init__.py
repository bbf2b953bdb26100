"""Reads the files that schools send, as the bundled worker and ``check excel`` do.

`workbook.read` is the way in: it starts `child`, a bounded process that does everything else.
"""
