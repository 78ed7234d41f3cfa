"""What the tests of assistants have in common."""

import pytest

from tests.assistants.speaking import ERAS, Speaker, speaker
from tests.support import World


@pytest.fixture(params=ERAS)
def mcp(world: World, request: pytest.FixtureRequest) -> Speaker:
    """The owner's assistant, in both eras."""
    return speaker(world, era=request.param)
