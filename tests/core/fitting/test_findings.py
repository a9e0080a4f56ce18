"""What a fit found, as a file: bit for bit what the fit held, and nothing that runs."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fit_problems import measured, problem

from terranova.errors import RunError
from terranova.fitting.axes import Axis
from terranova.fitting.best import BestFit
from terranova.fitting.convergence import Diagnosis
from terranova.fitting.findings import FINDINGS, Findings, ProfileResult, about, load_findings, save_findings
from terranova.fitting.intervals import Interval
from terranova.fitting.posterior import Correction, Posterior
from terranova.fitting.profile import Profile
from terranova.fitting.profile_convergence import Convergence
from terranova.store.packed import pack

AXIS = Axis("same", None, np.linspace(0.0, 1.0, 3), np.array([0.25, 0.75]), reached=True)


def _findings(directory: Path) -> Findings:
    best = BestFit(
        np.array([0.1]), -1.5, {"x": np.nan}, 3.0, 1, 3, None, {"m": 0.1}, 7, {"x": "upper"}, {"m": -0.3}
    )
    curve = Profile((AXIS,), np.array([-1.5, -np.inf]), np.array([[0.2], [np.nan]]), 12)
    interval = Interval(0.95, ((None, float("nan")),), ((None, "a jump"),))
    posterior = Posterior(
        method="mcmc",
        names=("x",),
        values=np.ones((2, 1)),
        loglike=np.zeros(2),
        weights=np.full(2, 0.5),
        chain=np.arange(2),
        effective=2.0,
        log_evidence=None,
        log_evidence_error=None,
        converged=False,
        evaluations=3,
        correction=Correction(True, 1, 2, 3.0, np.inf, 4),
        reasons=("too short",),
        diagnoses=(Diagnosis("x", *map(float, range(8))),),
        ends={"x": "both"},
    )
    return Findings(
        about=about(problem({"name": "fit-simple"}, [measured("same", 0.0)]), (0.68,)),
        best=best,
        profiles=(ProfileResult(curve, (interval,), Convergence(moved=np.array([np.inf, 0.0]))),),
        posteriors=(posterior,),
        evaluations=5,
        spent={"best fit": 5},
        directory=directory,
    )


def _packed(findings: Findings) -> Any:
    arrays: dict[str, Any] = {}
    return repr(pack(findings, arrays)), {name: values.tobytes() for name, values in arrays.items()}


def test_findings_come_back_bit_for_bit(tmp_path: Path) -> None:
    findings = _findings(tmp_path)
    assert save_findings(findings) == tmp_path / FINDINGS
    assert _packed(load_findings(tmp_path)) == _packed(findings)


def test_what_a_fit_is_of_needs_no_model() -> None:
    of = about(problem({"name": "fit-simple"}, [measured("same", 0.0)], parameters={"phi": 0}), (0.68,))
    assert [(q.name, q.role, q.log) for q in of.parameters] == [
        ("phi", "fixed", False),
        ("size", "free", True),
        ("x", "free", False),
    ]
    assert [q.name for q in of.free] == ["size", "x"]
    assert (of["scale"].role, of["scale"].unit, of["scale"].latex) == ("observable", "GeV", "s")
    assert of["x"].support == (-5.0, 5.0)


@pytest.mark.parametrize("damage", ["cut", "changed", "objects", "else"])
def test_a_damaged_file_is_an_error_for_people(damage: str, tmp_path: Path) -> None:
    path = save_findings(_findings(tmp_path))
    content = path.read_bytes()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "changed":
        place = content.index(b'"chi2"')
        path.write_bytes(content[:place] + b"X" + content[place + 1 :])
    elif damage == "objects":
        np.savez(path, findings=np.array([{"a": 1}], dtype=object))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("findings.npy", b"nothing")
    with pytest.raises(RunError, match=r"fit\.npz cannot be read, or holds no fit"):
        load_findings(tmp_path)


def test_a_fit_of_an_older_version_has_none(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"has no fit\.npz: `terranova fit` with the same file writes it"):
        load_findings(tmp_path)


def test_they_show_the_best_fit_not_the_arrays(tmp_path: Path) -> None:
    findings = _findings(tmp_path)
    assert repr(findings).startswith("<fit of ")
    assert "chi2 3 at the best fit" in repr(findings)
    assert len(repr(findings)) < 300
    assert "<td" in findings._repr_html_()
