"""A spectrum generator that speaks SLHA and fails in every way on request; the model is that of the documents.

Start it as a program: `external_programs.py IN OUT`. It shares no code with terranova, and needs no NumPy.
"""

from __future__ import annotations

import re
import stat
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "external-programs.md"

GENERATOR = r'''#!PYTHON -IS
"""Masses of two scalars that mix: M^2 = [[125^2, kappa^2], [kappa^2, m_S |m_S|]] GeV^2."""
import math, os, signal, subprocess, sys, time

numbers = {}
for line in open(sys.argv[1]):
    fields = line.partition("#")[0].split()
    if fields and fields[0].upper() != "BLOCK":
        numbers[int(fields[0])] = float(fields[1])
m_S, kappa = numbers[1], numbers[2]
faults = {"hangs": range(900, 905), "floods": range(905, 910), "fills": range(910, 915), "empty": range(915, 920),
          "nan": range(920, 925), "stars": range(925, 930), "cut": range(930, 935), "code": range(935, 940),
          "crashes": range(940, 945), "hungry": range(945, 950), "twice": range(950, 955),
          "silent": range(955, 960),
          "asks": range(960, 965), "orphan": range(965, 970)}
fault = next((name for name, masses in faults.items() if int(m_S) in masses), "") if "FAULTS" in os.environ else ""
print("spectrum generator 1.0\nreading", sys.argv[1], flush=True)
if fault == "hangs":
    # A grandchild in a session of its own that holds the pipe, and one that stays.
    for session in (True, False):
        subprocess.Popen([sys.executable, "-IS", "-c", "import time; time.sleep(600)"], start_new_session=session)
    time.sleep(600)
if fault == "orphan":
    subprocess.Popen([sys.executable, "-IS", "-c", "import time; time.sleep(600)"])
if fault == "floods":
    while True:
        os.write(1, b"iteration does not converge\n" * 10000)
if fault == "fills":
    with open("huge", "wb") as file:
        while True:
            file.write(bytes(1 << 20))
if fault == "hungry":
    hoard = [bytearray(os.urandom(1 << 10) * (1 << 16)) for _ in range(100)]
if fault == "asks":
    sys.exit("got " + repr(sys.stdin.read()))
if fault == "code":
    print("\n".join(f"step {i}" for i in range(50)))
    sys.exit(7)
if fault == "crashes":
    os.kill(os.getpid(), signal.SIGSEGV)
if fault == "silent":
    sys.exit(0)

a, b, c = 125.0**2, kappa**2, m_S * abs(m_S)
half, root = (a + c) / 2, math.hypot((a - c) / 2, b)
light, heavy = half - root, half + root
fortran = lambda x: f"{x: .14E}".replace("E", "D")
out = ["# a spectrum", "Block SPINFO", "  1  spectrum generator", "  2  1.0"]
if light <= 0:
    out += ["  4  tachyon"]
else:
    m_h, m_H = math.sqrt(light), math.sqrt(heavy)
    width, to_hh = 1e-3 * m_H, 0.25 if m_H > 2 * m_h else 0.0
    out += ["  4  fine", "Block MASS   # masses",
            f"   25   {fortran(m_h)}   # h0", f"   35   {fortran(m_H)}   # H0",
            "Block GAUGE Q=  1.00000000E+03  # couplings", "   1   3.6E-01", "Block GAUGE Q=  2.00000000E+03",
            "   1   3.7E-01", f"DECAY   35   {fortran(width)}   # H0",
            f"   {fortran(1 - to_hh)}   2   5   -5   # BR(H0 -> b bb)"]
    if to_hh:
        out += [f"   {fortran(to_hh)}   2   25   25   # BR(H0 -> h0 h0)"]
text = "\n".join(out) + "\n"
if fault == "empty":
    text = ""
if fault == "nan":
    text = text.replace(fortran(m_H), "NaN")
if fault == "stars":
    text = text.replace(fortran(m_H), "**************")
if fault == "cut":
    text = text[: text.index("H0")]
if fault == "twice":
    text += "Block MASS\n   35   100.0\n"
open(sys.argv[2], "w").write(text)
'''


def install(folder: Path) -> tuple[Path, Path]:
    """Write the program and the documents' model into a folder; return program and module."""
    program = folder / "spectrum-generator"
    program.write_text(GENERATOR.replace("PYTHON", sys.executable, 1), encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)[0]
    module = folder / "spectrum_model.py"
    module.write_text(code, encoding="utf-8")
    return program, module
