"""The picture of a terminal holds its columns, whatever stands in them."""
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import term_to_svg  # noqa: E402
from term_to_svg import CELL_W, PAD  # noqa: E402


def texts(source):
    root = ElementTree.fromstring(term_to_svg.draw(source, "t <&>", 10))
    space = "{http://www.w3.org/2000/svg}"
    return {node.text: node.attrib for node in root.find(f"{space}g").iter(f"{space}text")}


def column(attributes):
    return round((float(attributes["x"]) - PAD) / CELL_W, 1)


def test_wide_characters_take_two_cells():
    found = texts("ab合格cd\n")
    assert [column(found[part]) for part in ("ab", "合格", "cd")] == [0, 2, 6]
    assert float(found["合格"]["textLength"]) == 4 * CELL_W


def test_colours_and_their_end():
    found = texts("\x1b[1;31mFAIL\x1b[0m then \x1b[38;5;46mx\x1b[38;2;1;2;3my\x1b[m <z>\n")
    assert found["FAIL"]["fill"] == "#e0606b" and found["FAIL"]["font-weight"] == "bold"
    assert "fill" not in found[" then "]
    assert found["x"]["fill"] == "#00ff00" and found["y"]["fill"] == "#010203"
    assert "fill" not in found[" <z>"]


def test_other_sequences_leave_nothing():
    assert list(texts("\x1b[2K\x1b]0;title\x07a\x1b(B\r\n")) == ["a"]
