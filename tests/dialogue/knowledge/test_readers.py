"""Each format: text with its place, questions with their answers, dates, and one clear line for what cannot be read."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook
from pypdf import PdfWriter

from dialogue.knowledge import Entry
from dialogue.knowledge.chunks import MOST_CHARS, pieces
from dialogue.knowledge.documents import BadDocument, Chunk, Document, Validity, entry_of
from dialogue.knowledge.readers import READERS, read

DATA = Path(__file__).parents[2] / "data" / "knowledge"


def chunks_of(suffix: str, data: bytes | str) -> tuple[Chunk, ...]:
    return document(suffix, data).chunks


def document(suffix: str, data: bytes | str) -> Document:
    return read("root", f"a{suffix}", suffix, data.encode() if isinstance(data, str) else data)


def entries_of(suffix: str, data: str) -> list[Entry]:
    found = document(suffix, data)
    numbered = enumerate(found.chunks, 1)
    return [entry_of(found.document_id, found.uri, found.title, number, chunk) for number, chunk in numbered]


def test_markdown_headings_are_places_and_questions() -> None:
    found = document(
        ".md",
        "---\ntitle: 售后手册\nvalid_from: 2026-01-01\nvalid_until: 2027-01-01\n---\n# 售后\n前言一段。\n\n"
        "## 退货\n### 退货怎么退？\n### Q: 怎么退货\n答：先申请，再寄回。\n- 一\n- 二\n\n"
        "## 保修\n| 品类 | 月 |\n|---|---|\n| 鞋 | 3 |\n| 表 | 12 |\n",
    )
    assert found.title == "售后手册"
    holds = Validity(date(2026, 1, 1), date(2027, 1, 1))
    assert found.chunks == (
        Chunk("前言一段。", "", "zh", (), holds),
        Chunk("先申请，再寄回。\n\n- 一\n- 二", "退货", "zh", ("退货怎么退？", "怎么退货"), holds),
        Chunk("品类：鞋；月：3\n品类：表；月：12", "保修", "zh", (), holds),
    )


def test_entries_of_a_document_name_it_and_the_place() -> None:
    (entry,) = entries_of(".md", "## 运费\n满九十九元包邮。\n")
    assert entry.source == "a.md · 运费"
    assert entry.is_passage
    assert entry.compared() == (("passage", "运费\n满九十九元包邮。"),)
    assert entry.title("en") == "运费"
    assert entry.answer("en") == "满九十九元包邮。"


def test_html_leaves_the_furniture_out() -> None:
    found = document(
        ".html",
        "<html lang=zh-CN><title>帮助中心</title><nav>首页</nav><main><h1>帮助</h1><p>欢迎<b>来到</b>帮助中心</p>"
        "<h2>运费</h2><ul><li>满九十九元包邮</li><li>不满收八元</li></ul><script>var a = 1</script>"
        "<details><summary>怎么开发票</summary>说一声就行。</details><p>其他事项</p></main><footer>备案号</footer>",
    )
    assert found.title == "帮助"
    assert found.chunks == (
        Chunk("欢迎来到帮助中心", "", "zh"),
        Chunk("满九十九元包邮\n不满收八元", "运费", "zh"),
        Chunk("说一声就行。", "运费", "zh", ("怎么开发票",)),
        Chunk("其他事项", "运费", "zh"),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_rows_are_questions(encoding: str) -> None:
    text = '问题,答案,失效日期,备注\n"怎么退|如何退",先申请,2026/12/1,x\n,,,\nHow to return,Ask first,,y\n'
    assert chunks_of(".csv", text.encode(encoding)) == (
        Chunk("先申请", "第2行", "zh", ("怎么退", "如何退"), Validity(None, date(2026, 12, 1))),
        Chunk("Ask first", "第4行", "en", ("How to return",)),
    )


def test_xlsx_rows_without_questions_are_passages() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "保修"
    sheet.append(["品类", "月数", "valid_from"])
    sheet.append(["鞋靴", 3.0, date(2026, 5, 1)])
    hidden = book.create_sheet("草稿")
    hidden.append(["问题", "答案"])
    hidden.append(["不该看到", "真的"])
    hidden.sheet_state = "hidden"
    out = BytesIO()
    book.save(out)
    assert chunks_of(".xlsx", out.getvalue()) == (
        Chunk("品类：鞋靴；月数：3", "保修 第2行", "zh", (), Validity(date(2026, 5, 1))),
    )


def test_pdf_pages_are_places() -> None:
    found = document(".pdf", (DATA / "warranty.pdf").read_bytes())
    assert [chunk.place for chunk in found.chunks] == ["第1页", "第2页"]
    assert "整机保修十二个月" in found.chunks[0].text
    assert "postage both ways" in found.chunks[1].text
    assert [chunk.language for chunk in found.chunks] == ["zh", "en"]


def _empty_pdf(password: str = "") -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    if password:
        writer.encrypt(password)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("suffix", "data", "words"),
    [
        (".md", "---\ntitle: [a\n---\nx", ["front matter", "line 2"]),
        (".md", "---\nvalid_from: gestern\n---\nx", ["valid_from", "gestern", "2026-12-31"]),
        (".md", "---\nvalid_from: 2026-02-02\nvalid_until: 2026-01-01\n---\nx", ["after", "swap"]),
        (".md", "   \n", ["no text"]),
        (".csv", "问题,价格\n怎么退,3\n", ["第1行", "answers"]),
        (".csv", "问题,答案\n怎么退,好\n怎么换,\n", ["第3行", "no answer"]),
        (".csv", "问题,答案,语言\n怎么退,好,法语\n", ["第2行", "法语", "zh or en"]),
        (".csv", '问题,答案\n"怎么退,好\n', ["CSV", "quotation"]),
        (".csv", b"\xff\xff\xff", ["UTF-8"]),
        (".xlsx", b"PK no workbook", ["XLSX"]),
        (".pdf", b"%PDF-1.7 torn", ["PDF"]),
        (".pdf", _empty_pdf(), ["no text", "OCR"]),
        (".pdf", _empty_pdf("secret"), ["password"]),
        (".docx", b"x", [".docx", ".md", ".pdf"]),
        ("", b"x", ["no suffix"]),
    ],
)
def test_what_cannot_be_read_is_said_with_place_and_fix(suffix: str, data: bytes | str, words: list[str]) -> None:
    with pytest.raises(BadDocument) as caught:
        document(suffix, data)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_every_suffix_has_a_reader() -> None:
    for suffix in READERS:
        with pytest.raises(BadDocument):
            document(suffix, b"")


def test_long_text_is_cut_at_sentences() -> None:
    text = "这是一句话，讲的是退货的规定。" * 60
    parts = list(pieces(text))
    assert "".join(parts) == text
    assert all(len(part) <= MOST_CHARS and part.endswith("。") for part in parts)


@pytest.mark.parametrize("text", ["字" * 2000, "a" * 2000, "x\n\n" * 400])
def test_no_piece_is_too_long(text: str) -> None:
    parts = list(pieces(text))
    assert all(0 < len(part) <= MOST_CHARS for part in parts)
    assert sum(len(part.replace("\n", "")) for part in parts) == len(text.replace("\n", ""))
