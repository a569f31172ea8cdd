# SPDX-License-Identifier: MIT
"""Drawn codes as a camera sees them: the characters are painted as a terminal would, and zbar reads
the picture."""

import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
STYLES = {"utf8": 1, "ascii": 2, "ansi": 3}
KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSW"
ENROLMENT = f"otpauth://totp/pool:alice%40example.org?secret={KEY}&issuer=pool"
TEXTS = {
    "enrolment": ENROLMENT,
    "short": "A",
    "address": "HTTPS://LOGIN.EXAMPLE.COM/D/WDJB-MJHT",
    "escapes": "https://example.org/%C3%A4?a=b&c=d",
    "long": "https://example.org/?state=" + "x" * 33,
}
DARK, LIGHT = 0, 255
CELL = (8, 16)  # pixels of a character


@pytest.fixture(scope="module")
def qr_print(tmp_path_factory):
    """The product's own source, compiled with a main of ours."""
    directory = tmp_path_factory.mktemp("qr")
    (directory / "config.h").write_text("#define HAVE_QRENCODE 1\n")
    program = directory / "qr_print"
    sources = ["lib/browser/qr.c", "lib/core/secret.c", "lib/core/err.c"]
    subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
                    f"-I{directory}", f"-I{TOP}", "-o", program, HERE / "qr_print.c",
                    *(TOP / source for source in sources), "-lqrencode"], check=True)
    return lambda style, text: subprocess.run(
        [program, str(STYLES[style]), text], check=True, stdout=subprocess.PIPE).stdout.decode()


def ink(character):
    """The upper and the lower half of a cell on a dark terminal."""
    return {" ": (DARK, DARK), "\u2580": (LIGHT, DARK), "\u2584": (DARK, LIGHT),
            "\u2588": (LIGHT, LIGHT), "@": (LIGHT, LIGHT)}[character]


def cells(line):
    """A row of cells; what follows a background colour has it, a terminal has dark ones."""
    background = None
    for escape, character in re.findall(r"\x1b\[(\d+)m|(.)", line):
        if escape:
            background = {"0": None, "40": (DARK, DARK), "47": (LIGHT, LIGHT)}[escape]
        elif background is None:
            yield ink(character)
        else:
            assert character == " "
            yield background
    assert background is None, "the colour goes on behind the row"


def paint(drawing):
    """A PGM picture with a dark margin, as the rest of the screen is."""
    rows = [list(cells(line)) for line in drawing.splitlines()]
    assert len({len(row) for row in rows}) == 1, "all rows are as long"
    width = (len(rows[0]) + 4) * CELL[0]
    margin = bytes([DARK]) * (2 * CELL[0])
    picture = bytes([DARK]) * width * CELL[1]
    for row in rows:
        for half in (0, 1):
            line = b"".join(bytes([cell[half]]) * CELL[0] for cell in row)
            picture += (margin + line + margin) * (CELL[1] // 2)
    picture += bytes([DARK]) * width * CELL[1]
    return b"P5 %d %d 255\n" % (width, len(picture) // width) + picture


def read(picture, tmp_path):
    path = tmp_path / "screen.pgm"
    path.write_bytes(picture)
    done = subprocess.run(["zbarimg", "-q", "--nodbus", "--raw", "--oneshot", "-Sdisable",
                           "-Sqrcode.enable", path], stdout=subprocess.PIPE, check=False)
    return done.stdout.decode().rstrip("\n")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("text", TEXTS)
def test_a_camera_reads_it(qr_print, tmp_path, style, text):
    assert read(paint(qr_print(style, TEXTS[text])), tmp_path) == TEXTS[text]


def test_one_wrong_row_is_noticed(qr_print, tmp_path):
    """The reader above is one that can fail."""
    lines = qr_print("ascii", ENROLMENT).splitlines()
    broken = ["  " * 41 if 8 < number < 30 else line for number, line in enumerate(lines)]
    assert read(paint("\n".join(broken)), tmp_path) != ENROLMENT


def test_an_enrolment_fits_an_ordinary_terminal(qr_print):
    lines = qr_print("utf8", ENROLMENT).splitlines()
    assert (len(lines), len(lines[0])) == (21, 41)
