"""``kefu`` / ``python -m gateway``: the command line."""

from __future__ import annotations

import typer

from gateway.cli import call, chat, doctor, domain, kb, ledger, say, serve, setup, transcribe

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Kefu: a voice and chat gateway for shops.",
)
app.command("serve")(serve.serve)
app.command("setup")(setup.setup)
app.command("call")(call.call)
app.command("chat")(chat.chat)
app.command("transcribe")(transcribe.transcribe)
app.command("say")(say.say)
app.command("doctor")(doctor.doctor)
app.command("ledger")(ledger.ledger)
app.add_typer(kb.app, name="kb")
app.add_typer(domain.app, name="domain")


def main() -> None:
    """Entry point of the ``kefu`` script."""
    app()


if __name__ == "__main__":
    main()
