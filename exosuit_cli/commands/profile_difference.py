"""`profile --diff`: an older profile, read and checked before the run, and compared after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.measure.machine import this_machine
from exosuit_cli.measure.profile.difference import check_old, difference
from exosuit_cli.measure.profile.stored import load_profile

if TYPE_CHECKING:
    from exosuit_cli.commands.profile_request import ProfileRequest
    from exosuit_cli.measure.profile.difference import ProfileDifference
    from exosuit_cli.measure.profile.records import Profile


def older_profile(request: ProfileRequest) -> Profile | None:
    """The profile that `--diff` names, if there is one.

    Raises UsageError where it cannot be read, or, unless `force`, is of another machine, work or state of the cache.
    """
    wanted = request.outputs
    if wanted.diff is None:
        return None
    old = load_profile(wanted.diff, force=wanted.force)
    if not wanted.force:
        check_old(old, work=request.options.work, machine=this_machine().fingerprint, cache=request.cache)
    return old


def compare_profile(request: ProfileRequest, old: Profile | None, new: Profile) -> ProfileDifference | None:
    """The difference, None without an older profile, and where the new one is partial.

    Raises UsageError where the run showed that the work is another, unless `force`.
    """
    if old is None or (new.partial is not None and not request.outputs.force):
        return None
    return difference(old, new, force=request.outputs.force)
