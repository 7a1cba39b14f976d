"""The commands of `pzhub`, one function each: arguments in, one call, result out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pzhub.cli.environment import DEFAULT_DATA_DIR, DataDir, start_django, start_prepared

app = typer.Typer(
    name="pzhub",
    help="The Photo-z Server: serve it, and prepare users, tokens and releases.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]
Groups = Annotated[
    list[str] | None, typer.Option("--group", help="Name of a group; may be repeated.")
]


@app.command()
def serve(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    *,
    demo: Annotated[
        bool, typer.Option("--demo/--no-demo", help="Load the demo users and catalogs.")
    ] = True,
) -> None:
    """Serve the site, the API, chores and pipelines until Ctrl-C."""
    from pzhub.supervisor.serve import serve as run_server

    run_server(data_dir=data_dir, host=host, port=port, with_demo=demo)


@app.command("create-user")
def create_user(
    name: Annotated[str, typer.Argument(help="Name to sign in with.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    *,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    admin: Annotated[bool, typer.Option("--admin", help="Make the user an administrator.")] = False,
    group: Groups = None,
) -> None:
    """Create a user, or refuse when the name is taken."""
    start_prepared(data_dir)
    from pzhub.accounts.services import create_user as create
    from pzhub.cli.accounts import password_from

    create(
        username=name,
        password=password_from(stdin=password_stdin),
        is_admin=admin,
        groups=group or (),
    )
    typer.echo(f"Created user {name}.")


@app.command("create-token")
def create_token(
    user: Annotated[str, typer.Argument(metavar="NAME", help="Whose token it is.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    *,
    label: Annotated[
        str | None, typer.Option("--name", help="What the token is called; default: a new name.")
    ] = None,
) -> None:
    """Create an API token and print it; it cannot be shown again."""
    start_prepared(data_dir)
    from pzhub.cli.accounts import new_token

    typer.echo(new_token(user, label))


@app.command("create-release")
def create_release(
    name: Annotated[str, typer.Argument(help="Short name, such as dp1.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    *,
    display_name: Annotated[
        str | None, typer.Option(help="Name for people; default: the name in capitals.")
    ] = None,
    group: Groups = None,
) -> None:
    """Create a release; with groups, only their members see it."""
    start_prepared(data_dir)
    from pzhub.cli.releases import create_release_named

    create_release_named(name, display_name=display_name, groups=group or ())
    typer.echo(f"Created release {name}.")


@app.command(
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],
    }
)
def manage(context: typer.Context, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Run a Django management command, such as `pzhub manage migrate`."""
    start_django(data_dir)
    from django.core.management import execute_from_command_line

    execute_from_command_line(["pzhub manage", *context.args])


@app.command()
def demo(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    *,
    token: Annotated[
        str | None, typer.Option(help="API token; default: the one of the demo user.")
    ] = None,
    save_in: Annotated[Path | None, typer.Option(help="Keep the download in this folder.")] = None,
) -> None:
    """Do the main job through the API of a running server, and say what was done."""
    from pzhub.demo.story import tell_story

    tell_story(data_dir=data_dir, host=host, port=port, token=token, save_in=save_in)
