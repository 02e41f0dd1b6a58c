"""What the remedies of macOS's keychains share."""

from collections.abc import Sequence
from pathlib import Path

from diagnostics.check import checks_from
from diagnostics.host import Host
from diagnostics.model import Stage
from diagnostics.stores import StoreState
from diagnostics.stores.macos.looking import damage_of, login_path
from diagnostics.stores.macos.picture import label_of
from diagnostics.text import clean
from recovery.model import Ask, AskKind, RecoveryError, Remedy, Step
from recovery.steps.keychain import PASSWORD, SetDefault, Unlock
from recovery.steps.macos_keychain import CreateMacKeychain, SetSearchList
from recovery.stores.macos.keychain import search_list

_HINT = "Usually your login password. It goes to macOS's own program at a terminal of its own, and is written nowhere."


def ask_password(path: str) -> Ask:
    """The question for a keychain's password."""
    return Ask(PASSWORD, AskKind.PASSWORD, f"Password of the keychain “{clean(label_of(path))}”", _HINT)


def ask_new_password() -> Ask:
    """The question for a new keychain's password."""
    return Ask(
        PASSWORD,
        AskKind.NEW_PASSWORD,
        "Password for the new keychain",
        "Use your login password where it should be unlocked at login. It can't be recovered if it is forgotten.",
    )


def unlocking(state: StoreState, host: Host, finding: str = "") -> Remedy:
    """The remedy that leads from this state to an open default keychain; without steps where it is open.

    Raises:
        RecoveryError: none of ours leads there.
    """
    default = state.default
    if state.error:
        raise RecoveryError(f"the keychains of macOS can't be looked at: {clean(state.error)}")
    if default is None or not default.exists:
        if default is not None and damage_of(Path(default.path)):
            raise RecoveryError(
                f"the keychain {clean(default.path)} is damaged: `mcp-doctor fix backend.macos-keychains`"
            )
        return choosing(state, host, finding)
    if not default.locked:
        return Remedy("unlock-mac-keychain", "The keychain is unlocked", "There is nothing to do.", finding)
    return Remedy(
        id="unlock-mac-keychain",
        title=f"Unlock the keychain “{clean(default.label)}”",
        why=(
            "Your password goes to macOS's own program, security, at a terminal of its own: never on a command line, where "
            "others could see it. The keychain is open in this session afterwards, until it is locked or you log out."
        ),
        finding=finding,
        steps=(Unlock(default.path, default.label),),
        asks=(ask_password(default.path),),
        recheck=checks_from(Stage.BACKEND),
    )


def choosing(state: StoreState, host: Host, finding: str) -> Remedy:
    """A default keychain where there is none: one that is there, else a new one.

    What programs look in (`state.searched`) is more than the user's own list, which alone is written: the system's
    keychain is added to it for everybody.

    Raises:
        RecoveryError: there is none that could be it, or the lists can't be read.
    """
    login, searched = login_path(host), tuple(search_list(host))
    before = state.default.path if state.default else ""
    whole = {each.path for each in state.collections if each.exists}
    usable = [each for each in searched if each in whole and each.endswith("keychain-db")]
    if damage_of(Path(login)) == "":
        usable.insert(0, login)
    if usable:
        chosen = usable[0]
        steps: list[Step] = [SetDefault(chosen, label_of(chosen), before or "/")]
        if chosen not in searched:
            steps.insert(0, SetSearchList(searched, (*searched, chosen)))
        return Remedy(
            id="choose-mac-default",
            title=f"Make “{clean(label_of(chosen))}” the default keychain",
            why="New entries go there from now on, and programs look there. No keychain is changed by it.",
            finding=finding,
            steps=tuple(steps),
            recheck=checks_from(Stage.BACKEND),
        )
    if damage_of(Path(login)):
        raise RecoveryError(f"the keychain {clean(login)} is damaged, and there is no other one")
    return Remedy(
        id="create-mac-keychain",
        title="Create the login keychain",
        why=(
            "Creates the keychain “login”, which every program uses by default, protected by a password you choose. If the "
            "old file may still be found (Time Machine), bring it back instead: its entries are nowhere else."
        ),
        finding=finding,
        steps=(CreateMacKeychain(login, searched, before),),
        asks=(ask_new_password(),),
        recheck=checks_from(Stage.BACKEND),
    )


def with_default(searched: Sequence[str], default: str) -> SetSearchList:
    """The step that puts the default keychain on the search list, first, as macOS itself has it."""
    return SetSearchList(tuple(searched), (default, *searched))
