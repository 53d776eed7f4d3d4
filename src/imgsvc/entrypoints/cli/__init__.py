"""The command line: ``imgsvc serve``, ``worker``, ``transform``, ``plan``, ``operations``, ``migrate``, ``sweep``,
``adopt``, ``add-user``, ``doctor``.

Exit codes: 0 all done, 1 something could not be done, 2 the command line or the settings are wrong.
"""

import click

from imgsvc.entrypoints.cli.add_user import add_user
from imgsvc.entrypoints.cli.adopt import adopt
from imgsvc.entrypoints.cli.doctor import doctor
from imgsvc.entrypoints.cli.migrate import migrate
from imgsvc.entrypoints.cli.operations import operations
from imgsvc.entrypoints.cli.plan import plan
from imgsvc.entrypoints.cli.serve import serve
from imgsvc.entrypoints.cli.sweep import sweep
from imgsvc.entrypoints.cli.transform import transform
from imgsvc.entrypoints.cli.worker import worker


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="imgsvc COMMAND --help tells more, with examples.",
)
@click.version_option(package_name="imgsvc", prog_name="imgsvc")
def main() -> None:
    """A self-hosted image service: upload pictures, transform them now or later, get them back.

    Settings are read from IMGSVC_* variables, or from the TOML file that IMGSVC_CONFIG_FILE names.
    """


main.add_command(serve)
main.add_command(worker)
main.add_command(transform)
main.add_command(plan)
main.add_command(migrate)
main.add_command(sweep)
main.add_command(adopt)
main.add_command(add_user)
main.add_command(operations)
main.add_command(doctor)
