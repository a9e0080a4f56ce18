"""The same model with the numbers of SPheno (arXiv:1104.1573) and micrOMEGAs (arXiv:1801.03509) for what they say.

Both are programs that the user builds for this model, by SARAH (arXiv:1309.7223). The couplings are solved for
natively, so that neutrino data are built in, and are written to SPheno.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from terranova import PointFailed, PointModel
from terranova.errors import ContractError, PluginMissing
from terranova.external import Finished, Program, find_program, run_program, scratch
from terranova.external.slha import Slha, parse_slha, read_slha, write_slha
from terranova.models.scotogenic.model import Scotogenic, ScotogenicCI37, ScotogenicCI37C, ScotogenicFull43
from terranova.models.scotogenic.parameters import G_NAMES, N_BASE, VARIANTS
from terranova.models.scotogenic.slha_map import DEFAULT, read_map
from terranova.types import Floats

NATIVE: Final = dict(zip(VARIANTS, (ScotogenicCI37, ScotogenicCI37C, ScotogenicFull43), strict=True))
MEMORY: Final = "4 GB"

Z_XENON: Final = 54
A_XENON: Final = 131.29
PB_CM2: Final = 1e-36

TREE_LEVEL: Final = 0.1
"""Least relative error of a relic density of micrOMEGAs: loops and Sommerfeld factors, which it leaves out.
Those of the inert doublet are 13 % (docs/physics/scotogenic.md).
"""


def missing(spheno: str, name: str = "scotogenic-spheno") -> str:
    """Say which program is not there, and where to name it; "" when it is."""
    advice = (
        f"name it in the configuration: model: {{name: {name}, spheno: /path/to/bin/SPhenoMODEL}}. SARAH writes "
        "its source from a model file of yours (docs/physics/scotogenic.md); without it, use scotogenic-ci37"
    )
    if not spheno:
        return f"model {name!r} needs the program SPheno, built for this model: {advice}"
    try:
        find_program(spheno)
    except ContractError as error:
        return f"model {name!r} needs SPheno, but {error}: {advice}"
    return ""


class ScotogenicSPheno(PointModel):
    """T1-2-A scotogenic model by SPheno and micrOMEGAs. Seconds a point: use worker processes.

    Args:
        spheno: the program, a path or a name on the PATH; SARAH writes its source.
        micromegas: SARAH's main program for micrOMEGAs; without it relic density and direct detection are native.
        variant: parameters as those of scotogenic-ci37, scotogenic-ci37c or scotogenic-full43.
        map: YAML file that says how blocks are called; the default is models/scotogenic/spheno.yaml.
        timeout: seconds for SPheno.
        micromegas_timeout: seconds for micrOMEGAs, which compiles processes when it first meets them.
        keep_failed: folder for what the programs left of failed points, 20 at most.
    """

    name = "scotogenic-spheno"
    version = "2"
    description = "T1-2-A scotogenic model by SPheno and micrOMEGAs, programs that you build"
    citations = (
        *Scotogenic.citations,
        "arXiv:1104.1573 SPheno",
        "arXiv:1309.7223 SARAH",
        "arXiv:1405.1434 FlavorKit",
        "arXiv:1801.03509 micrOMEGAs",
    )

    planes = Scotogenic.planes

    def __init__(
        self,
        spheno: Program = "",
        micromegas: Program = "",
        variant: str = "ci37",
        map: Path | None = None,
        timeout: float = 60.0,
        micromegas_timeout: float = 600.0,
        keep_failed: str = "",
    ) -> None:
        if variant not in NATIVE:
            raise ValueError(f"variant is {variant!r}, expected one of {', '.join(NATIVE)}")
        if problem := missing(spheno):
            raise PluginMissing(problem)
        self._native: Scotogenic = NATIVE[variant]()
        self._spheno = find_program(spheno)
        self._micromegas = find_program(micromegas) if micromegas else None
        self._timeout, self._micromegas_timeout = float(timeout), float(micromegas_timeout)
        self._keep = Path(keep_failed).absolute() if keep_failed else None
        self.parameters = self._native.parameters
        late = {"sigma_SI_cm2", "sigma_over_LZ"} if self._micromegas else set()
        self.observables = tuple(replace(o, stage=1) if o.name in late else o for o in self._native.observables)
        self._column = {o.name: k for k, o in enumerate(self.observables)}
        inputs = [p.name for p in self.parameters[:N_BASE]] + list(G_NAMES)
        first = [o.name for o in self._native.observables if o.stage == 0]
        self._map = read_map(Path(map) if map else DEFAULT, inputs, first)

    def evaluate_point(self, point: dict[str, float]) -> Mapping[str, float]:
        """Compute stage 0: natively, then by SPheno where it says something."""
        row = self._native.evaluate_array(np.array([list(point.values())]))[0]
        out = {o.name: float(row[k]) for k, o in enumerate(self._native.observables)}
        if out["tachyon"]:
            raise PointFailed("a squared scalar mass is negative at tree level")
        with scratch(keep_failed=self._keep) as folder:
            spectrum = self._spectrum(folder, {**out, **point})
            for name, source in self._map.spectrum.items():
                out[name] = source.read(spectrum)
        self._derive(out)
        return {o.name: out[o.name] for o in self.observables if o.stage == 0}

    def evaluate_stage(self, stage: int, x: Floats, observables: Floats) -> Floats:
        """Fill in the relic density, and by micrOMEGAs direct detection too, of the point x (1, d).

        SPheno is run again: its spectrum is not kept, and few points come this far.
        """
        filled = self._native.evaluate_stage(stage, x, observables)
        if self._micromegas is None:
            return filled
        if len(x) != 1:
            return np.concatenate(
                [self.evaluate_stage(stage, x[k : k + 1], observables[k : k + 1]) for k in range(len(x))]
            )
        row = dict(zip(self._column, observables[0].tolist(), strict=True))
        point = dict(zip((p.name for p in self.parameters), x[0].tolist(), strict=True))
        with scratch(keep_failed=self._keep) as folder:
            self._spectrum(folder, {**row, **point})
            (folder / self._map.spheno_output).rename(folder / self._map.micromegas_spectrum)
            found = self._dark_matter(folder)
        sigma = xenon_cross_section(found["sigma_p"], found["sigma_n"]) * PB_CM2
        filled[0, self._column["Omega_h2"]] = found["Omega_h2"]
        error = self._column["Omega_error"]  # the native one knows of late decays
        filled[0, error] = max(filled[0, error], TREE_LEVEL)
        filled[0, self._column["sigma_SI_cm2"]] = sigma
        filled[0, self._column["sigma_over_LZ"]] = sigma / row["LZ_limit_cm2"]
        return filled

    def _spectrum(self, folder: Path, values: Mapping[str, float]) -> Slha:
        """Run SPheno in a folder; `values` are parameters and couplings by name."""
        if not all(math.isfinite(values[name]) for name in G_NAMES):
            raise PointFailed("no finite couplings fit the neutrino data")
        write_slha(folder / self._map.spheno_input, self._map.blocks(values))
        done = run_program(
            [self._spheno, *self._map.spheno_arguments], folder=folder, timeout=self._timeout, memory=MEMORY
        )
        spectrum = read_slha(_left(folder, self._map.spheno_output, "SPheno", done))
        if "SPINFO" in spectrum:
            errors = [e.text.strip() for e in spectrum.block("SPINFO").entries if e.index == (4,)]
            if any(errors):  # hep-ph/0311123: 4 is an error, 3 a warning
                raise PointFailed(f"SPheno: {'; '.join(filter(None, errors))}")
        return spectrum

    def _dark_matter(self, folder: Path) -> dict[str, float]:
        """Run micrOMEGAs in the folder of a spectrum."""
        assert self._micromegas is not None
        done = run_program(
            [self._micromegas, *self._map.micromegas_arguments],
            folder=folder,
            timeout=self._micromegas_timeout,
            memory=MEMORY,
        )
        path = _left(folder, self._map.micromegas_output, "micrOMEGAs", done)
        text = path.read_text(encoding="utf-8", errors="replace")
        if not text.lstrip().upper().startswith(("BLOCK", "#")):
            text = "BLOCK RELIC\n" + text
        slha = parse_slha(text, path.name)
        found = {name: source.read(slha, done.stdout) for name, source in self._map.dark_matter.items()}
        if not found["Omega_h2"] > 0.0 or min(found["sigma_p"], found["sigma_n"]) < 0.0:
            said = ", ".join(f"{name} = {value:g}" for name, value in found.items())
            raise PointFailed(f"micrOMEGAs found no relic density: {said}", unphysical=False)
        return found

    def _derive(self, out: dict[str, float]) -> None:
        """Bring what follows from the program's numbers in line with them."""
        from terranova.models.physics.oblique_data import chi2_oblique

        masses = sorted(out[f"mnu_eV_{k}"] for k in (1, 2, 3))
        suffix = "" if "dm21" in self._column else "_loop"
        for k, mass in enumerate(masses, start=1):
            out[f"mnu_eV_{k}"] = mass
        out[f"dm21{suffix}"] = masses[1] ** 2 - masses[0] ** 2
        out[f"dm31{suffix}"] = masses[2] ** 2 - masses[0] ** 2
        out["sum_mnu_eV"] = sum(masses)
        out["chi2_STU"] = float(chi2_oblique(out["S"], out["T"], out["U"]))


def xenon_cross_section(proton: float, neutron: float) -> float:
    """Cross section per nucleon as experiments with xenon quote it (Feng et al., arXiv:1102.4331).

    Args:
        proton, neutron: spin-independent cross sections; their amplitudes are taken to have one sign.
    """
    amplitude = Z_XENON * math.sqrt(proton) + (A_XENON - Z_XENON) * math.sqrt(neutron)
    return (amplitude / A_XENON) ** 2


def _left(folder: Path, name: str, program: str, done: Finished) -> Path:
    """The file that a program left.

    Raises:
        PointFailed: there is none; with the end of what it printed.
    """
    path = folder / name
    if not path.is_file():
        said = " | ".join(line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip())
        raise PointFailed(f"{program} left no {name}; its last words: {said[-300:] or 'none'}", unphysical=False)
    return path
