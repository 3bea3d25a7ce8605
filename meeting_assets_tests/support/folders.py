"""Folders in which users run Dagster's commands: a checkout, a folder with the installed wheel, and a project."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import yaml  # type: ignore[import-untyped]

from meeting_assets.settings import Settings

ROOT = Path(__file__).parent.parent.parent
OURS = {field.alias for field in Settings.model_fields.values() if field.alias}
COMPONENT = "meeting_assets.MeetingAssetsComponent"
TIMEOUT_S = 240


@dataclass(frozen=True, slots=True)
class Folder:
    """A working directory, and the folders that Python imports from before all others."""

    path: Path
    imports: Sequence[Path]

    def environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """The environment without settings of this package, with these settings."""
        own = {
            "HOME": str(self.path.parent),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(map(str, self.imports)),
            "PYTHONDONTWRITEBYTECODE": "1",
            # The commands would ask the package index for a newer version.
            "DAGSTER_DG_UPDATE_CHECK_ENABLED": "0",
        }
        return {name: value for name, value in os.environ.items() if name not in OURS} | own | dict(settings)

    def run(self, command: Sequence[str], **settings: str) -> subprocess.CompletedProcess[str]:
        """The ended command; its output contains the errors, too."""
        return subprocess.run(
            command,
            cwd=self.path,
            env=self.environment(settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_S,
        )

    def output(self, *command: str, **settings: str) -> str:
        """The output of a command that succeeds."""
        ended = self.run(command, **settings)
        assert ended.returncode == 0, ended.stdout
        return ended.stdout

    def files(self) -> set[str]:
        """All files and folders."""
        return {str(each.relative_to(self.path)) for each in self.path.rglob("*")}


def copy_of_tracked_files(target: Path) -> bool:
    """Copies the files of a fresh clone, with changes that are not committed yet. False without a Git checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes((ROOT / name).read_bytes())
    return listed.returncode == 0


def install_wheel(checkout: Path, site: Path) -> None:
    """Builds the wheel of a checkout, and unpacks it into a folder of installed packages."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(site)],
        cwd=checkout,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
    )
    (wheel,) = site.glob("*.whl")
    with ZipFile(wheel) as contents:
        contents.extractall(site)


def create_project(parent: Path, imports: Sequence[Path], name: str = "host") -> Folder:
    """A new project of `create-dagster` in an empty folder."""
    parent.mkdir(parents=True, exist_ok=True)
    Folder(parent, ()).output("create-dagster", "project", name, "--no-uv-sync")
    project = parent / name
    return Folder(project, [project / "src", *imports])


def scaffold_workspace(project: Folder, name: str, **attributes: object) -> None:
    """Adds a component with `dg scaffold defs`, and sets attributes in its `defs.yaml` as a user would."""
    project.output("dg", "scaffold", "defs", COMPONENT, name)
    path = project.path / "src" / project.path.name / "defs" / name / "defs.yaml"
    document = yaml.safe_load(path.read_text())
    document["attributes"] |= attributes
    path.write_text(yaml.safe_dump(document))


def add_module(project: Folder, name: str, text: str) -> None:
    """Adds a module to the definitions of a project."""
    (project.path / "src" / project.path.name / "defs" / f"{name}.py").write_text(text)
