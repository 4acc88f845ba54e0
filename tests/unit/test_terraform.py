import pytest

from sandbox.deployment import ROOT
from tools.write_terraform import MODULES, files


@pytest.mark.parametrize(("template", "module"), MODULES.items())
def test_make_parameters_has_written_the_module(template: str, module: str) -> None:
    for name, text in files(template).items():
        assert (ROOT / module / name).read_text() == text


def test_the_modules_of_the_roles_are_alike() -> None:
    source, destination = (
        ROOT / "deploy" / "terraform" / "roles" / side / "main.tf" for side in ("source", "destination")
    )

    assert source.read_text() == destination.read_text()
