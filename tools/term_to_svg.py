#!/usr/bin/python3
"""Draw captured terminal output as an SVG picture, for the documentation.

    tmux capture-pane -e -p | tools/term_to_svg.py --title 'muster run examples/' > docs/images/run.svg

Reads text with SGR colours. Every run of cells stands at its own column with its own length, so the
columns hold in any font; wide (CJK) characters take two cells.
"""
import argparse
import re
import sys
import unicodedata
from html import escape

CELL_W, CELL_H, SIZE, PAD, BAR = 8.4, 19, 14, 14, 30
FOREGROUND, BACKGROUND = "#d8dee9", "#1e222a"
FONT = ("ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,'Noto Sans Mono CJK SC',"
        "'Microsoft YaHei',monospace")
# The sixteen, then the cube and the grey ramp are computed.
SIXTEEN = ["#3b4252", "#e0606b", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9",
           "#6b7486", "#ff7b86", "#b5e890", "#ffd68a", "#82c4ff", "#de9bf0", "#7fd9e3", "#ffffff"]
SGR = re.compile(r"\x1b\[([0-9;:]*)m")
OTHER = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-ln-z]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>])")


class Style:
    """What SGR has set so far."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.fg = self.bg = None
        self.bold = self.dim = self.italic = self.underline = self.reverse = False

    def key(self):
        fg, bg = self.fg, self.bg
        if self.reverse:
            fg, bg = bg or BACKGROUND, fg or FOREGROUND
        return (fg, bg, self.bold, self.dim, self.italic, self.underline)

    def apply(self, parameters):
        codes = [int(code or 0) for code in re.split("[;:]", parameters)]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.reset()
            elif code in (1, 2, 3, 4, 7):
                setattr(self, {1: "bold", 2: "dim", 3: "italic", 4: "underline",
                               7: "reverse"}[code], True)
            elif code == 22:
                self.bold = self.dim = False
            elif code in (23, 24, 27):
                setattr(self, {23: "italic", 24: "underline", 27: "reverse"}[code], False)
            elif 30 <= code <= 37 or 90 <= code <= 97:
                self.fg = SIXTEEN[code - 30 if code < 40 else code - 82]
            elif 40 <= code <= 47 or 100 <= code <= 107:
                self.bg = SIXTEEN[code - 40 if code < 50 else code - 92]
            elif code == 39:
                self.fg = None
            elif code == 49:
                self.bg = None
            elif code in (38, 48):
                colour = extended(codes)
                if code == 38:
                    self.fg = colour
                else:
                    self.bg = colour


def extended(codes):
    """Take `5;N` or `2;R;G;B` off the codes and answer the colour."""
    kind = codes.pop(0) if codes else None
    if kind == 2 and len(codes) >= 3:
        red, green, blue = (codes.pop(0) for _ in range(3))
        return f"#{red:02x}{green:02x}{blue:02x}"
    if kind != 5 or not codes:
        return None
    index = codes.pop(0)
    if index < 16:
        return SIXTEEN[index]
    if index >= 232:
        grey = 8 + 10 * (index - 232)
        return f"#{grey:02x}{grey:02x}{grey:02x}"
    levels = (0, 95, 135, 175, 215, 255)
    red, green, blue = (levels[(index - 16) // step % 6] for step in (36, 6, 1))
    return f"#{red:02x}{green:02x}{blue:02x}"


def width(char):
    """How many cells a character takes."""
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def runs_of(line, style):
    """[(column, cells, text, style key)] of one line; `style` goes on into the next line. A wide
    run never stands together with a narrow one: their fonts disagree about widths."""
    runs, column, position = [], 0, 0
    for match in list(SGR.finditer(line)) + [None]:
        text = line[position:match.start() if match else len(line)]
        for char in text:
            cells = width(char)
            last = runs[-1] if runs else None
            if cells == 0 and last:
                last[2] += char
            elif last and last[3] == style.key() and last[4] == cells and \
                    last[0] + last[1] == column:
                last[1] += cells
                last[2] += char
            else:
                runs.append([column, cells, char, style.key(), cells])
            column += cells
        if match:
            style.apply(match.group(1))
            position = match.end()
    return runs, column


def draw(text, title, columns):
    """The whole picture."""
    lines = OTHER.sub("", text).replace("\r", "").rstrip("\n").split("\n")
    style, body, widest = Style(), [], columns
    for index, line in enumerate(lines):
        runs, used = runs_of(line, style)
        widest = max(widest, used)
        top = BAR + PAD + index * CELL_H
        for column, cells, part, (fg, bg, bold, dim, italic, underline), _ in runs:
            left, long = PAD + column * CELL_W, cells * CELL_W
            if bg:
                body.append(f'<rect x="{left:.1f}" y="{top}" width="{long:.1f}" '
                            f'height="{CELL_H}" fill="{bg}"/>')
            if not part.strip():
                continue
            look = "".join((
                f' fill="{fg}"' if fg else "", ' font-weight="bold"' if bold else "",
                ' opacity="0.6"' if dim else "", ' font-style="italic"' if italic else "",
                ' text-decoration="underline"' if underline else ""))
            body.append(f'<text x="{left:.1f}" y="{top + SIZE}" textLength="{long:.1f}" '
                        f'lengthAdjust="spacingAndGlyphs"{look}>{escape(part)}</text>')
    full_w = 2 * PAD + widest * CELL_W
    full_h = BAR + 2 * PAD + len(lines) * CELL_H
    dots = "".join(f'<circle cx="{18 + 18 * place}" cy="{BAR / 2}" r="5" fill="{colour}"/>'
                   for place, colour in enumerate(("#e0606b", "#e5c07b", "#98c379")))
    return "\n".join((
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full_w:.0f} {full_h}" '
        f'width="{full_w:.0f}" height="{full_h}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>', dots,
        f'<text x="50%" y="{BAR / 2 + 5}" text-anchor="middle" fill="#8a93a5" '
        f'font-family="{FONT}" font-size="13">{escape(title)}</text>',
        f'<g font-family="{FONT}" font-size="{SIZE}" fill="{FOREGROUND}" '
        'style="white-space:pre" xml:space="preserve">',
        *body, "</g>", "</svg>", ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--title", default="muster")
    parser.add_argument("--columns", type=int, default=80, help="at least so wide (80)")
    options = parser.parse_args()
    text = sys.stdin.buffer.read().decode("utf-8", "replace")
    sys.stdout.write(draw(text, options.title, options.columns))


if __name__ == "__main__":
    main()
