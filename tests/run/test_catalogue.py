"""What is refused when the installed activities are put together."""

from __future__ import annotations

import pytest

from engine.activity import Activity, Call, CheckUse, Ended, activity, done
from engine.cli.command import answer_to
from engine.errors import SettingsRefused
from engine.run.catalogue import Catalogue

AGE = CheckUse(name="age", key="ageKey")


def checking(opens: CheckUse | None, settles: CheckUse | None) -> Activity:
    declared = {name: use for name, use in (("opens", opens), ("settles", settles)) if use}

    @activity("Check Age", version=2, kind="pure", **declared)  # type: ignore[arg-type]  # as the test puts them together
    def code(call: Call) -> Ended:
        """Check."""
        return done()

    return code


@pytest.mark.parametrize(
    ("opens", "settles"),
    [(AGE, None), (None, AGE), (AGE, AGE), (AGE, CheckUse(name="age", key="ageKey")), (None, None)],
)
def test_one_check_is_taken(opens: CheckUse | None, settles: CheckUse | None) -> None:
    assert len(Catalogue.of([checking(opens, settles)]).activities) == 1


@pytest.mark.parametrize(
    "settles", [CheckUse(name="address", key="ageKey"), CheckUse(name="age", key="otherKey")]
)
def test_a_signature_that_opens_one_check_and_settles_another_is_refused(settles: CheckUse) -> None:
    with pytest.raises(SettingsRefused) as caught:
        Catalogue.of([checking(AGE, settles)])

    told = answer_to(caught.value).message
    assert "Check Age 2 opens the check `age` of the key `ageKey`" in told
    assert f"settles the check `{settles.name}` of the key `{settles.key}`" in told
    assert "the same CheckUse" in told


def test_two_that_share_label_and_version_are_refused() -> None:
    with pytest.raises(SettingsRefused, match="installed twice"):
        Catalogue.of([checking(AGE, None), checking(None, AGE)])
