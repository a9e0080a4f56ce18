"""Two small programs that speak SLHA as SPheno and micrOMEGAs do, without code of terranova, and fail on request.

`SPhenoT12A IN OUT` computes simple functions of what it reads, so that tests can tell whether all of it arrived;
the layout is that of a spectrum by SARAH's SPheno. `omegas` reads SPheno.spc.ScotogenicT12A. With FAULTS in the
environment the whole part of M_F2 chooses a fault.
"""

from __future__ import annotations

import stat
import sys
from pathlib import Path

SPHENO_FAULTS = {
    1000: "hangs", 1001: "code", 1002: "crashes", 1003: "garbage", 1004: "nothing", 1005: "no block",
    1006: "no entry", 1007: "comment", 1008: "nan", 1009: "problem", 1010: "cut",
}  # fmt: skip
OMEGA_FAULTS = {1100: "hangs", 1101: "code", 1102: "nothing", 1103: "nan", 1104: "minus one", 1105: "silent"}

READER = r"""#!PYTHON -IS
import math, os, signal, sys, time

def read(path):
    blocks, name = {}, ""
    for line in open(path):
        fields = line.partition("#")[0].split()
        if fields and fields[0].upper() == "BLOCK":
            name = fields[1].upper()
        elif fields and fields[0].upper() == "DECAY":
            name = ""
        elif fields and name:
            blocks.setdefault(name, {})[tuple(int(f) for f in fields[:-1] if f.isdigit())] = fields[-1]
    return {n: {i: float(v) for i, v in b.items()} for n, b in blocks.items() if n not in ("SPINFO", "FWCOEF")}

def common(fault):
    if fault == "hangs":
        time.sleep(600)
    if fault == "code":
        print("there was an error in the loop over masses", flush=True)
        sys.exit(99)
    if fault == "crashes":
        os.kill(os.getpid(), signal.SIGSEGV)
"""

SPHENO = (
    READER
    + r"""
given = read(sys.argv[1])
p = {k[0]: v for k, v in given["MINPAR"].items()}
faults = FAULTS_TABLE
fault = faults.get(int(p[13]), "") if "FAULTS" in os.environ else ""
print("SPheno stand-in, reading", sys.argv[1], flush=True)
common(fault)
if fault == "nothing":
    print("tachyonic states: no spectrum")
    sys.exit(0)
g = {}
for part, factor in (("", 1), ("IM", 1j)):
    for k in (1, 2, 3):
        g["Psi", k] = g.get(("Psi", k), 0) + factor * given[part + "GPSIIN"][k,]
        for i in (1, 2):
            g[i, k] = g.get((i, k), 0) + factor * given[part + "GFIN"][i, k]
y = [given["Y1IN"][i,] + 1j * given["IMY1IN"][i,] for i in (1, 2)]
y += [given["Y2IN"][i,] + 1j * given["IMY2IN"][i,] for i in (1, 2)]
gR = [given["GRIN"][k,] for k in (1, 2, 3)]
m_h = math.sqrt(2 * p[1]) * 246.21965 + 2.0
lfv = {701: ("BR(mu->e gamma)", abs(g["Psi", 1] * g["Psi", 2].conjugate()) ** 2),
       702: ("BR(tau->e gamma)", abs(sum(y)) ** 2), 703: ("BR(tau->mu gamma)", abs(g[2, 3]) ** 2),
       800: ("CR(mu-e, Al)", 1e-18), 801: ("CR(mu-e, Ti)", 2e-18), 802: ("CR(mu-e, Sr)", 9e-18),
       804: ("CR(mu-e, Au)", 3e-18), 805: ("CR(mu-e, Pb)", 4e-18),
       901: ("BR(mu->3e)", 5e-18), 902: ("BR(tau->3e)", 6e-18), 903: ("BR(tau->3mu)", 7e-18),
       904: ("BR(tau- -> e- mu+ mu-)", 8e-18), 905: ("BR(tau- -> mu- e+ e-)", 9e-18),
       906: ("BR(tau- -> e+ mu- mu-)", 1e-19), 907: ("BR(tau- -> mu+ e- e-)", 2e-19),
       1001: ("BR(Z->e mu)", 3e-19), 1002: ("BR(Z->e tau)", 4e-19), 1003: ("BR(Z->mu tau)", 5e-19),
       2001: ("BR(tau->e pi)", 6e-19), 2002: ("BR(tau->e eta)", 7e-19), 2003: ("BR(tau->e eta')", 8e-19),
       2004: ("BR(tau->mu pi)", 9e-19), 2005: ("BR(tau->mu eta)", 1e-20), 2006: ("BR(tau->mu eta')", 2e-20)}
low = {1: ("T-parameter (1-loop BSM)", 0.011), 2: ("S-parameter (1-loop BSM)", -0.022),
       3: ("U-parameter (1-loop BSM)", 0.003), 20: ("(g-2)_e", 1e-16), 21: ("(g-2)_mu", 1e-9 * gR[1]),
       22: ("(g-2)_tau", gR[0] + gR[2]), 23: ("EDM(e)", -3e-32), 24: ("EDM(mu)", 4e-30), 25: ("EDM(tau)", 5e-30),
       39: ("delta(rho)", 1e-5)}
row = lambda i, x, c: f" {i:>7} {x:16.8E}  # {c}"
out = ["# SUSY Les Houches Accord 2 - ScotogenicT12A Spectrum + Decays + Flavor Observables", "Block SPINFO",
       "    1   SPhenoSARAH    # spectrum calculator", "    2   stand-in"]
if fault == "problem":
    out += ["    4   loop masses did not converge"]
out += ["Block MINPAR  # Input parameters", *(row(i, x, "input") for i, x in p.items()),
        "Block gaugeGUT Q=  1.60000000E+02  # (GUT scale)", row(1, 0.36, "g1(Q)"),
        "Block MASS  # Mass spectrum", "#   PDG code      mass          particle", row(25, m_h, "hh"),
        row(12, -1.1e-12, "Fv_1"), row(14, 9e-12, "Fv_2"), row(16, 5e-11, "Fv_3"),
        "Block SPhenoLowEnergy # low energy observables"]
out += [row(i, x, c) for i, (c, x) in low.items()]
out += ["Block FlavorKitLFV # lepton flavor violating observables"]
out += [row(i, x, c) for i, (c, x) in lfv.items()]
out += ["Block FWCOEF Q=  1.60000000E+02  # Wilson coefficients at scale Q",
        "     0305  4422   00   0    -1.91E-01  # coeffC7sm", "     0305  4422   00   2    -1.90E-01  # coeffC7",
        "DECAY        25     4.1E-03   # hh", "#    BR                NDA      ID1      ID2",
        "     6.0E-01    2            -5          5   # BR(hh -> Fd_3^* Fd_3 )"]
text = "\n".join(out) + "\n"
if fault == "garbage":
    text = "\x00\x01 no spectrum\n"
if fault == "no block":
    text = text.replace("FlavorKitLFV", "FlavorKitQFV")
if fault == "no entry":
    text = "\n".join(line for line in text.split("\n") if "(mu->3e)" not in line)
if fault == "comment":
    text = text.replace("S-parameter", "X").replace("T-parameter", "S-parameter").replace("X", "T-parameter")
if fault == "nan":
    text = text.replace(row(25, m_h, "hh"), "      25             NaN  # hh")
if fault == "cut":
    text = text[: text.index("(g-2)_tau")]
open(sys.argv[2], "w").write(text)
"""
)

MICROMEGAS = (
    READER
    + r"""
given = read("SPheno.spc.ScotogenicT12A")
faults = FAULTS_TABLE
fault = faults.get(int(given["MINPAR"][13,]), "") if "FAULTS" in os.environ else ""
common(fault)
m_h = given["MASS"][25,]
omega = {"nan": float("nan"), "minus one": -1.0}.get(fault, 0.12 * m_h / 125.0)
print("Masses of odd sector Particles:\n")
print(f"Xf={25:.2e} Omega h^2={omega:.2e}\n")
print("==== Calculation of CDM-nucleons amplitudes  =====\n         TREE LEVEL\nCDM-nucleon micrOMEGAs amplitudes:")
print("proton:  SI  1.000E-10  SD  0.000E+00\nneutron: SI  1.000E-10  SD  0.000E+00")
if fault != "silent":
    print("CDM-nucleon cross sections[pb]:")
    print(" proton  SI 4.000E-12  SD 0.000E+00\n neutron SI 9.000E-12  SD 0.000E+00")
if fault != "nothing":
    with open("omg.out", "w") as file:
        file.write(f"1 {omega:6.6f} # relic density \n100 0.560085 # ~chi ~chi -> h1 Z\n")
        file.write("201 0.000000000004000 #\n202 0.000000000000000 #\n203 0.000000000009000 #\n")
"""
)


def install(folder: Path) -> tuple[str, str]:
    """Write both programs into a folder; return their paths."""
    paths = []
    for name, text, faults in (("SPhenoT12A", SPHENO, SPHENO_FAULTS), ("omegas", MICROMEGAS, OMEGA_FAULTS)):
        path = folder / name
        path.write_text(
            text.replace("PYTHON", sys.executable, 1).replace("FAULTS_TABLE", repr(faults)), encoding="utf-8"
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        paths.append(str(path))
    return paths[0], paths[1]
