"""CSV and XLSX (openpyxl): a head row, then one row per question or passage.

Columns, in any order, by either name: question / 问题 (paraphrases separated by ``|`` or line breaks), answer / 答案,
title / 标题, language / 语言, valid_from / 生效日期, valid_until / 失效日期. Other columns are left alone. Without a
question column each row is a passage: ``column：cell`` for all of its cells.
"""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO, StringIO
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from dialogue.knowledge.chunks import Section, chunked
from dialogue.knowledge.documents import BadDocument, Chunk, language_of
from dialogue.knowledge.readers import Content, decoded
from dialogue.knowledge.readers.fields import language, validity

_COLUMNS: dict[str, tuple[str, ...]] = {
    "question": ("question", "questions", "问题", "问", "q"),
    "answer": ("answer", "答案", "回答", "答", "a"),
    "title": ("title", "标题"),
    "language": ("language", "lang", "语言"),
    "valid_from": ("valid_from", "valid from", "生效日期", "开始日期"),
    "valid_until": ("valid_until", "valid until", "失效日期", "结束日期", "有效期至"),
}
_PARAPHRASES = re.compile(r"\s*[|｜\n]\s*")
_DELIMITERS = ",;\t，"


def read_csv(data: bytes) -> Content:
    """Rows of a CSV with ``,``, ``;`` or tabs. Raises ``BadDocument``."""
    text = decoded(data)
    head = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    try:
        rows = list(csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise BadDocument(f"it is no CSV ({error})", "close every quotation mark, or save it as XLSX") from error
    return Content("", tuple(_chunks(rows, "")))


def read_xlsx(data: bytes) -> Content:
    """Rows of every sheet that is shown. Raises ``BadDocument``."""
    try:
        book = load_workbook(BytesIO(data), read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise BadDocument("it is no XLSX workbook", "save it as .xlsx in Excel or LibreOffice") from error
    try:
        chunks: list[Chunk] = []
        for sheet in book.worksheets:
            if sheet.sheet_state == "visible":
                chunks += _chunks(sheet.iter_rows(values_only=True), f"{sheet.title} ")
    finally:
        book.close()
    return Content("", tuple(chunks))


def _chunks(rows: Iterable[Sequence[Any]], sheet: str) -> Iterator[Chunk]:
    found = iter(rows)
    names = [_cell(cell) for cell in next(found, ())]
    columns = _columns(names)
    if "question" in columns and "answer" not in columns:
        raise BadDocument(
            "it has a column of questions and none of answers", "name one 'answer' or '答案'", f"{sheet}第1行"
        )
    for number, row in enumerate(found, 2):
        if any(_cell(cell) for cell in row):
            yield from _of_row(row, names, columns, f"{sheet}第{number}行")


def _columns(names: Sequence[str]) -> Mapping[str, int]:
    places: dict[str, int] = {}
    for field, known in _COLUMNS.items():
        for place, name in enumerate(names):
            if name.lower() in known and field not in places:
                places[field] = place
    return places


def _of_row(row: Sequence[Any], names: Sequence[str], columns: Mapping[str, int], place: str) -> Iterator[Chunk]:
    def value(field: str) -> Any:
        at = columns.get(field)
        return row[at] if at is not None and at < len(row) else None

    valid = validity(value("valid_from"), value("valid_until"), place)
    spoken = language(value("language"), place)
    if "question" not in columns:
        dates = {columns[field] for field in ("valid_from", "valid_until", "language") if field in columns}
        cells = [
            (name, _cell(cell)) for at, (name, cell) in enumerate(zip(names, row, strict=False)) if at not in dates
        ]
        text = "；".join(f"{name}：{cell}" if name else cell for name, cell in cells if cell)
        yield from chunked((Section(place, text),), valid, spoken)
        return
    questions = tuple(filter(None, _PARAPHRASES.split(_cell(value("question")))))
    answer = _cell(value("answer"))
    if not questions or not answer:
        missing = "question" if not questions else "answer"
        raise BadDocument(f"the row has no {missing}", "write one, or empty the whole row", place)
    yield Chunk(answer, place, spoken or language_of(questions[0]), questions, valid)


def _cell(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() if value is not None else ""
