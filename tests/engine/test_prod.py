"""The prod stack, previewed as it is committed."""

from pathlib import Path

import pytest
import yaml

from tests.support.project import REPOSITORY, copy_of_program


@pytest.fixture(scope="module")
def preview(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the preview of an empty prod prints."""
    folder: Path = tmp_path_factory.mktemp("prod")
    settings = yaml.safe_load((REPOSITORY / "Pulumi.prod.yaml").read_text())
    project = copy_of_program(folder, "prod-preview", settings)
    output = project.pulumi("preview").output
    project.pulumi("stack", "rm", "--yes")
    return output


def test_prod_previews(preview: str) -> None:
    """Given Pulumi.prod.yaml, then its preview succeeds and plans an EKS cluster and both colours."""
    for planned in ("aws:eks:Cluster", "aws:ec2:Vpc", "aws:backup:Vault", "chat-blue", "chat-green"):
        assert planned in preview, preview
