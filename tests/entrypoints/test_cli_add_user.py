"""``imgsvc add-user``: accounts that whoever runs the service opens."""

import pytest

from imgsvc import compose
from tests.entrypoints.commands import run
from tests.servers import PASSWORD, running_server


def test_a_user_who_was_added_logs_in_where_nobody_may_register(tmp_path):
    added = run("add-user", "ada", "--email", "ada@example.org", given=f"{PASSWORD}\n".encode(), DATA_DIR=str(tmp_path))
    with running_server(tmp_path, REGISTRATION="closed", WORKER_SLOTS="0") as server, server.client() as anyone:
        refused = anyone.post("/v1/auth/register", json={"username": "eve", "password": PASSWORD})
        taken = anyone.post("/v1/auth/register", json={"username": "ada", "password": PASSWORD})
        answer = anyone.post("/v1/auth/login", json={"username": "ada", "password": PASSWORD})

    assert (added.exit_code, added.stdout) == (0, "ada may log in now.\n")
    assert [(one.status_code, one.json()["code"]) for one in (refused, taken)] == [(403, "registration_closed")] * 2
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("username", "password", "told"),
    [
        ("a b", PASSWORD, "username must be"),
        ("ada", "sh0rt", "the password is too short"),
        ("ada", "", "the password is too short"),
        ("ada", "password1", "everybody tries first"),
        ("grace", PASSWORD, "the username is taken"),
    ],
)
def test_who_cannot_be_added_is_told_why(settings, username, password, told):
    with compose(settings) as service:
        service.use_cases.register_user("grace", PASSWORD)

    result = run("add-user", username, given=f"{password}\n".encode(), DATA_DIR=str(settings.data_dir))

    assert result.exit_code == 1
    assert told in result.stderr
    assert "UNIQUE" not in result.stderr  # nor whatever else the database says
    assert not password or password not in result.output
