"""The command emoir."""

from __future__ import annotations

import io
import os
import sys
import warnings
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from emoir import __version__
from emoir.cli.backup import backup, restore
from emoir.cli.board import board
from emoir.cli.data import data
from emoir.cli.describe import describe
from emoir.cli.engine import engine
from emoir.cli.evaluate import evaluate
from emoir.cli.experiment import experiment
from emoir.cli.explain import explain
from emoir.cli.export import export
from emoir.cli.forget import forget
from emoir.cli.index import index
from emoir.cli.mcp import mcp
from emoir.cli.model import model
from emoir.cli.output import Exit, echo, echo_block, echo_err, spoken, text
from emoir.cli.report import report
from emoir.cli.search import QueryCommand, search
from emoir.cli.select import select
from emoir.cli.serve import serve
from emoir.cli.status import status
from emoir.cli.train import train
from emoir.cli.watch import watch
from emoir.errors import EmoirError, QueryError

SENTENCE = 500
"""More characters than any command's first sentence has, so that none is cut."""


class ErrorHandlingGroup(TyperGroup):
    """Where errors become one line and an exit code; lists its commands with whole sentences."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one entry per command, wrapped where the terminal ends."""
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, command.get_short_help_str(SENTENCE)) for name, command in commands if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        # A program may be started without these; the next file that it opens would be in their place.
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            if getattr(sys, name) is None:
                setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))
        for stream in (sys.stdout, sys.stderr):
            # A terminal that lacks a character shows its code instead of failing.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        # Warnings of image decoders about odd files, and of odd patterns, help no user.
        warnings.filterwarnings("ignore", module="PIL|pathspec")
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except QueryError as error:
            echo_err(f"emoir: {spoken(error)}")
            if error.query:
                for line in error.pointer().rsplit("\n", 1):
                    echo_err(line)
            raise typer.Exit(Exit.USAGE) from None
        except EmoirError as error:
            echo_err(f"emoir: {spoken(error)}")
            raise typer.Exit(Exit.FAILURE) from None
        except KeyboardInterrupt:
            raise typer.Exit(Exit.INTERRUPTED) from None
        except BrokenPipeError:
            # The reader has seen enough. Python would complain again when it flushes standard output.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(Exit.DONE) from None
        except OSError as error:
            name = f"{error.filename}: " if error.filename is not None else ""
            echo_err(f"emoir: {name}{error.strerror or error}")
            raise typer.Exit(Exit.FAILURE) from None


app = typer.Typer(
    cls=ErrorHandlingGroup,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(value: bool) -> None:
    if value:
        echo(f"emoir {__version__}")
        raise typer.Exit


@app.callback()
def welcome(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Find images by the emotion they evoke."""
    if context.invoked_subcommand is None:
        echo_block(text("welcome"))


app.command(cls=QueryCommand)(search)
COMMANDS = (
    *(index, watch, select, describe, explain, serve, mcp, status),
    *(forget, backup, restore, export, report, train, evaluate, experiment),
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(data, name="data")
app.add_typer(model, name="model")
app.add_typer(board, name="board")
app.add_typer(engine, name="engine")
