"""`rochdale testnet run`: the whole story, live, and what to try next.

Owns the run's directory, the display and the ending: whatever happens, Ctrl-C and SIGTERM
included, no process is left behind.
"""

import asyncio
import functools
import math
import shlex
import shutil
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from config.errors import MisconfiguredError, RochdaleError
from config.limits import VOTING_DAYS_MAX
from testnet.community import PASSPHRASE, Community
from testnet.federation import LocalFederation
from testnet.manifest import Manifest
from testnet.ports import NodePorts
from testnet.report import print_summary
from testnet.steps import (
    consents,
    crash,
    discovery,
    dispute,
    genesis,
    insights,
    members,
    partners,
    quarter,
    vote,
)
from testnet.story import Step, Story, run_steps
from testnet.story_checks import wait_until

STEPS: tuple[tuple[str, Step], ...] = (
    ("1. Genesis by everybody, and blocks", genesis.run),
    ("2. Found through the DHT from one address", discovery.run),
    ("3. Partners follow each other", partners.run),
    ("4. Members join", members.run),
    ("5. Proposals, ballots, outcomes, receipts", vote.run),
    ("6. Insights, never records", insights.run),
    ("7. Consent, and a receipt of it", consents.run),
    ("8. Crashes", crash.run),
)
QUARTER_STEPS: tuple[tuple[str, Step], ...] = (
    ("1. Genesis by everybody, and blocks", genesis.run),
    ("2. Members join", members.run),
    ("3. Offices, a committee, a privacy group", quarter.run_founding),
    ("4. A proposal is reviewed and recommended", quarter.run_proposal),
    ("5. A veto and its override", quarter.run_veto),
    ("6. An emergency act", quarter.run_emergency),
    ("7. A distribution", quarter.run_distribution),
    ("8. A dispute of two cooperatives", dispute.run),
    ("9. All nodes agree at every height", quarter.run_agreement),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the command line asks for."""

    manifest: Manifest
    ports: list[NodePorts]
    directory: Path | None
    """None for a temporary one."""
    is_kept: bool
    """Whether the directory stays afterwards; after a failure it always does."""
    is_once: bool
    """Whether to end after the summary."""
    json_path: Path | None
    steps: tuple[tuple[str, Step], ...] = STEPS
    story_s_max: float = 90.0
    """What all steps are meant to stay under, with four nodes on two cores."""


def run_story(options: RunOptions, console: Console) -> bool:
    """Run the story; whether every step held.

    Raises:
        MisconfiguredError: The directory holds an earlier federation, or cannot be written.
    """
    directory = _open_directory(options)
    console.print(f"Everything of this federation lies in {directory}", soft_wrap=True)
    has_held = asyncio.run(_run(options, directory, console))
    if options.is_kept or not has_held:
        removing = f"rm -r {shlex.quote(str(directory))}"
        console.print(f"It is kept, logs and all: `{removing}` removes it", soft_wrap=True)
    else:
        shutil.rmtree(directory, ignore_errors=True)
    return has_held


async def _run(options: RunOptions, directory: Path, console: Console) -> bool:
    task = asyncio.current_task()
    if task is None:
        raise AssertionError("the story runs as a task")
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        async with LocalFederation(
            options.manifest, directory=directory, ports=options.ports
        ) as federation:
            community = Community(federation, directory=directory)
            with console.status("") as status:
                story = Story(
                    federation=federation,
                    community=community,
                    tell=lambda text: console.print(f"  {text}", highlight=False, soft_wrap=True),
                    announce=status.update,
                )
                await run_steps(story, options.steps)
            print_summary(story.report, console, story_s_max=options.story_s_max)
            if options.json_path is not None:
                _save(story, options.json_path)
            _show_urls(story, console)
            if not options.is_once and story.report.ok:
                await _stay(story, console)
            return story.report.ok
    except asyncio.CancelledError:
        console.print("Stopped.")
        return not options.is_once


async def _stay(story: Story, console: Console) -> None:
    """Keep one proposal open for whoever tries it, until Ctrl-C."""
    author = story.community.members[0]
    console.print(_render_next_steps(story), highlight=False, soft_wrap=True)
    number = 0
    while True:
        number += 1
        try:
            motion = await author.propose(
                f"Shall we meet in person this year? (question {number})",
                voting_days=VOTING_DAYS_MAX,
            )
            await wait_until(
                functools.partial(motion.find_lag, "closed"), timeout_s=math.inf, poll_s=1.0
            )
        except RochdaleError as late:
            console.print(f"[yellow]{escape(str(late))}[/]")
            await asyncio.sleep(5.0)


def _render_next_steps(story: Story) -> str:
    voter = story.community.members[1]
    wallet = shlex.quote(str(voter.wallet_path))
    receipt = shlex.quote(str(story.federation.directory / "receipt.json"))
    genesis_path = shlex.quote(str(story.federation.genesis_path))
    return f"""
[bold]To try as a member[/] of {voter.node.plan.name}, in another terminal (a proposal is always
open; the first line holds the passphrase of every wallet here):

  export ROCHDALE_WALLET_PASSPHRASE={shlex.quote(PASSPHRASE)}
  .venv/bin/rochdale wallet vote yes --wallet {wallet} --node {voter.node.url} --receipt {receipt}
  .venv/bin/rochdale ledger verify {receipt} --trust {genesis_path}

Ctrl-C ends the federation."""


def _show_urls(story: Story, console: Console) -> None:
    for node in story.federation.nodes:
        console.print(f"  {node.plan.name:<16} {node.url}/", highlight=False)


def _save(story: Story, path: Path) -> None:
    try:
        story.report.save(path)
    except OSError as error:
        raise MisconfiguredError(
            f"{path} cannot be written ({error.strerror}): name another file with --json"
        ) from error


def _open_directory(options: RunOptions) -> Path:
    if options.directory is None:
        return Path(tempfile.mkdtemp(prefix="rochdale-testnet-"))
    directory = options.directory.expanduser().resolve()
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise MisconfiguredError(
            f"{directory} holds something already: remove it with "
            f"`rm -r {shlex.quote(str(directory))}`, or name another with --dir"
        )
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise MisconfiguredError(
            f"{directory} cannot be made ({error.strerror}): name another with --dir"
        ) from error
    return directory
