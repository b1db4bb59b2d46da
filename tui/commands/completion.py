"""Prints the script with which a shell completes gradstep's words: presets, sessions, settings, options."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterable
from importlib import import_module
from itertools import chain

from gradstep.engine.config.files import load_preset, preset_names
from gradstep.engine.config.run import RunConfig, RunLength
from gradstep.engine.config.schema import settings_in
from gradstep.tui.commands.exit_status import Exit
from gradstep.tui.commands.help import TOPICS
from gradstep.tui.commands.parsers import COMMANDS, add_explorer_options

SHELLS = ("bash", "zsh", "fish")
SESSIONS = "sessions"
"""The argument, in place of a shell, with which the scripts ask for the names of sessions."""

# A script defines what `arguments.completes` names: _gradstep_preset_file and the like. Those whose name
# ends with _file offer files too: bash then adds a / to folders. _gradstep_first_file is for the first word.

BASH = """\
_gradstep_preset_file() {{
  compgen -W {presets} -- "$1"; compgen -f -X '!*.toml' -- "$1"; compgen -d -- "$1"
}}
_gradstep_session_file() {{
  compgen -W "$(gradstep completion sessions 2>/dev/null)" -- "$1"
  compgen -f -X '!*.gradstep' -- "$1"; compgen -d -- "$1"
}}
_gradstep_setting() {{ compgen -W {settings} -S = -- "$1"; }}
_gradstep_topic() {{ compgen -W {topics} -- "$1"; }}
_gradstep_first_file() {{ _gradstep_preset_file "$1"; _gradstep_session_file "$1"; }}
_shtab_gradstep_pos_0_COMPGEN=_gradstep_first_file
"""
BASH_END = """
_gradstep() {
  _shtab_gradstep
  if [[ ${#COMPREPLY[@]} = 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
}
complete -o bashdefault -F _gradstep gradstep
"""
ZSH = """\
_gradstep_preset_file() {{
  local -a presets=({presets_said})
  _describe preset presets; _files -g '*.toml'
}}
_gradstep_session_file() {{
  local -a names=(${{(f)"$(gradstep completion sessions 2>/dev/null)"}})
  compadd -a names; _files -g '*.gradstep'
}}
_gradstep_setting() {{ compadd -S = -- {settings_listed}; }}
_gradstep_topic() {{
  local -a topics=({topics_said})
  _describe topic topics
}}
functions[_gradstep_commands]=$functions[_shtab_gradstep_commands]
_shtab_gradstep_commands() {{ _gradstep_commands; _gradstep_preset_file; _gradstep_session_file; }}
"""
FISH = """\
function _gradstep_preset_file
  printf '%s\\n' {presets_told}
  __fish_complete_suffix .toml
end
function _gradstep_session_file
  gradstep completion sessions 2>/dev/null
  __fish_complete_suffix .gradstep
end
function _gradstep_setting
  printf '%s=\\n' {settings_listed}
end
function _gradstep_topic
  printf '%s\\n' {topics_told}
end
function _gradstep_first_file
  _gradstep_preset_file
  _gradstep_session_file
end
"""
FISH_END = """
complete -c gradstep -n '_shtab_gradstep_using; and test $_shtab_gradstep_npos -eq 0' \\
  -ka '(_gradstep_first_file)'
"""
SCRIPTS = {"bash": (BASH, BASH_END), "zsh": (ZSH, ""), "fish": (FISH, FISH_END)}
"""By shell: what stands before shtab's own functions are used, and what comes after all of them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=(*SHELLS, SESSIONS), help=f"{SESSIONS}: the names of saved runs")


def main(arguments: argparse.Namespace) -> int:
    if arguments.shell == SESSIONS:
        from gradstep.engine.session.folder import session_names

        print(*(name for name in session_names() if name == shlex.quote(name)), sep="\n")
    else:
        print(script(arguments.shell))
    return Exit.DONE


def script(shell: str) -> str:
    """Return the script for one of `SHELLS`."""
    import shtab

    before, after = SCRIPTS[shell]
    return str(shtab.complete(_parser(), shell, preamble=before.format(**_words()))) + after


def _parser() -> argparse.ArgumentParser:
    """Return a parser with all commands. The scripts add the presets and sessions as first words."""
    parser = argparse.ArgumentParser("gradstep")
    add_explorer_options(parser)
    commands = parser.add_subparsers()
    for name in COMMANDS:
        command = import_module(f"gradstep.tui.commands.{name}")
        says = (command.__doc__ or "").partition(".")[0]
        command.add_arguments(commands.add_parser(name, help=says, description=says))
    return parser


def _words() -> dict[str, str]:
    """Return the words in the scripts, quoted for all three shells."""
    presets = {name: load_preset(name) for name in preset_names()}
    questions = {name: preset.question for name, preset in presets.items()}
    found = (settings_in([RunConfig], preset.model_dump()) for preset in presets.values())
    settings = dict.fromkeys(chain(*found, (f"run.{key}" for key in settings_in([RunLength]))))
    return {
        "presets": shlex.quote(" ".join(questions)),
        "presets_said": _quoted(f"{name}:{question}" for name, question in questions.items()),
        "presets_told": _quoted(f"{name}\t{question}" for name, question in questions.items()),
        "settings": shlex.quote(" ".join(settings)),
        "settings_listed": _quoted(settings),
        "topics": shlex.quote(" ".join(TOPICS)),
        "topics_said": _quoted(f"{name}:{says}" for name, (says, _) in TOPICS.items()),
        "topics_told": _quoted(f"{name}\t{says}" for name, (says, _) in TOPICS.items()),
    }


def _quoted(words: Iterable[str]) -> str:
    """Words for an array or a command. In fish a backslash in quotes is one too, so none may be in them."""
    return " ".join("'" + word.replace("\\", "").replace("'", "’") + "'" for word in words)
