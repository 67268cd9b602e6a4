"""The Containerfile as a shell script: what its steps do to a machine, without an engine."""

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_STEP = re.compile(r"(?m)^([A-Z]+) +((?:.*\\\n)*.*)$")


@dataclass(frozen=True)
class Step:
    """One instruction with its words."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """The words of the shell form, without options."""
        return [word for word in shlex.split(self.text) if not word.startswith("--")]

    @property
    def command(self) -> list[str]:
        """The words of the JSON form."""
        found: list[str] = json.loads(self.text[self.text.index("[") :])
        return found


def steps() -> list[Step]:
    """All instructions, in their order."""
    text = re.sub(r"(?m)^#.*\n", "", (ROOT / "Containerfile").read_text())
    return [Step(name, words.replace("\\\n", " ")) for name, words in _STEP.findall(text)]


def step(name: str) -> Step:
    """The last instruction of this name, which is the one of the image."""
    return [one for one in steps() if one.name == name][-1]


def build_script() -> str:
    """The steps that make the image; files come from the source tree, or are where they were built."""
    lines = ["set -eu"]
    for one in steps():
        if one.name == "WORKDIR":
            lines.append(f"mkdir -p {one.words[0]} && cd {one.words[0]}")
        elif one.name == "COPY" and "--from" not in one.text:
            *sources, target = one.words
            lines += [f"cp -R {shlex.quote(str(ROOT / source))} {target}" for source in sources]
        elif one.name == "RUN":
            lines.append(one.text)
    return "\n".join(lines)
