# SPDX-License-Identifier: GPL-2.0-only
"""The values every layer speaks in: places in C, steps of a trace, findings, reports.

All of them are frozen and know nothing of git, tree-sitter or output formats. Lines and columns
count from 1, as in gcc's diagnostics, so ``path:line:column`` is what an editor jumps to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from kscan.reachability import Implementation, Reach, Shift


class Severity(StrEnum):
    """How bad a finding is if it is true."""

    ERROR = "error"  # an oops, or isolation lost
    WARNING = "warning"  # wrong or racy
    NOTE = "note"  # worth reading

    @property
    def rank(self) -> int:
        """0 for a note, 2 for an error."""
        return ("note", "warning", "error").index(self.value)


class Confidence(StrEnum):
    """How likely a finding is true: never better than its weakest step."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0 for low, 2 for high."""
        return ("low", "medium", "high").index(self.value)


def weakest(*confidences: Confidence) -> Confidence:
    """The least of `confidences`; high when there are none."""
    return min(confidences, key=lambda c: c.rank, default=Confidence.HIGH)


class Effect(StrEnum):
    """What the reader of a late location does with what it finds there."""

    CRASH = "crash"  # dereferenced with no test on the way
    DECLINED = "declined"  # tested, and the callback returns an error or NULL
    WRONG_VALUE = "wrong-value"  # a flag or number read as zero
    UNREADY = "unready"  # a lock, list, completion or work used before its initialiser
    RACE = "race"  # another thread may change it in between
    LEAK = "leak"  # what was there is overwritten, never released
    DEADLOCK = "deadlock"  # waits for a lock that its own caller holds
    WARN = "warn"  # the kernel prints a WARN
    REDUNDANT = "redundant"  # done before: nothing more comes of it

    @property
    def rank(self) -> int:
        """2 where the kernel stops, 0 where it only prints, 1 between."""
        return {"crash": 2, "deadlock": 2, "warn": 0}.get(self.value, 1)


class StepKind(StrEnum):
    """What happens at one step of a trace."""

    REGISTER = "register"
    CALL = "call"  # a direct call
    SLOT = "slot"  # a call through an ops table
    ARGUMENT = "argument"  # a function handed to the function called
    QUEUED = "queued"  # a function that another thread runs later
    CALLBACK = "callback"  # entry of an in-window callback
    READ = "read"
    WRITE = "write"
    GUARD = "guard"
    LOCK = "lock"
    UNLOCK = "unlock"
    LOOKUP = "lookup"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in the source."""

    path: str
    """Path below the root of the tree, with forward slashes."""
    line: int
    column: int = 1
    function: str = ""
    """The enclosing function; empty at file scope."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the evidence."""

    location: Location
    kind: StepKind
    note: str
    """A short phrase in kernel words: ``reads dma_dev: NULL``."""
    source: str = ""
    """The source line as it stands in the tree, stripped."""
    side: int = 0
    """0: the probing thread (P0). 1: the callback that runs in the window."""
    depth: int = 0
    """Nesting of calls below the side's first function."""
    confidence: Confidence = Confidence.HIGH


@dataclass(frozen=True, slots=True)
class Subject:
    """What a finding is about: a global, driver data, a field, a list, a lock."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class RegistrationRef:
    """The call that publishes: ``iommu_device_register()`` in some probe."""

    api: str
    function: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class CallbackRef:
    """A function of the registration's own ops table that runs in its window."""

    slot: str
    """``struct.field``, as ``iommu_ops.of_xlate``."""
    function: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Hits:
    """Who is hit: what builds the file, which firmware matches it, which boards use it."""

    config: tuple[str, ...] = ()
    defconfigs: tuple[str, ...] = ()
    compatibles: tuple[str, ...] = ()
    boards: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    unbuilt: tuple[str, ...] = ()
    """Objects that no makefile is seen to name, as after a rename that forgot it."""

    @property
    def builders(self) -> tuple[str, ...]:
        """The symbols that build the file; where it is not built at all, that sentence."""
        names = (f"no makefile is seen to name {name}" for name in self.unbuilt)
        return (*self.config, *names)


@dataclass(frozen=True, slots=True)
class Maintainer:
    """One line of what ``scripts/get_maintainer.pl`` would answer."""

    name: str
    email: str
    role: str


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a finding is hidden or marked: a baseline, or an entry of ``kscan.toml``."""

    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A cure kscan can name: one sentence, and a diff where it can write one."""

    sentence: str
    patch: str = ""
    """Unified diff that ``git apply`` takes; empty where only the sentence is known."""


@dataclass(frozen=True, slots=True)
class Before:
    """What a finding was before it became worse or better."""

    severity: Severity
    effect: Effect
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One hazard with its evidence."""

    rule: str
    severity: Severity
    confidence: Confidence
    effect: Effect
    message: str
    """The one sentence a reader sees first; no path, line or severity in it."""
    primary: Location
    driver: str
    """The directory or object the file builds into, as ``drivers/iommu/foo-iommu``."""
    subject: Subject | None = None
    registration: RegistrationRef | None = None
    callback: CallbackRef | None = None
    trace: tuple[Step, ...] = ()
    related: tuple[Location, ...] = ()
    others: int = 0
    """How many longer traces lead to the same finding."""
    assumptions: tuple[str, ...] = ()
    """What kscan takes for granted; each would refute the finding if wrong."""
    fix: Fix | None = None
    fingerprint: str = ""
    """Versioned name without line numbers: survives edits above the finding."""
    hits: Hits = Hits()
    maintainers: tuple[Maintainer, ...] = ()
    suppressed: Suppression | None = None
    partly: bool = False
    """Some ways out are right already."""
    before: Before | None = None
    """What it was in a diff's base, or when a baseline accepted it: better, or worse, than now."""
    introduced_by: str = ""
    """The commit or patch of a range that introduces it, where it was looked for."""

    @property
    def gravity(self) -> tuple[int, int, bool]:
        """How bad it is: the more, the worse."""
        return self.severity.rank, self.effect.rank, not self.partly


@dataclass(frozen=True, slots=True)
class Skip:
    """Something that was not analysed, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What a report says of a rule."""

    id: str
    summary: str
    severity: Severity
    page: str = ""
    """As ``kscan explain RULE`` prints it."""


@dataclass(frozen=True, slots=True)
class WindowEntry:
    """One registration and what runs inside it."""

    registration: RegistrationRef
    slots: tuple[str, ...]
    callbacks: tuple[CallbackRef, ...]
    note: str = ""
    """Said when the gate keeps the window shut, or the ops table is not known."""


@dataclass(frozen=True, slots=True)
class TreeInfo:
    """Which source was analysed, and under which scenario."""

    name: str
    kernel_version: str
    commit: str | None = None
    scenario: str = "as-is"
    scenario_note: str = ""
    """The first line of the report when an edge was assumed."""
    again: str = ""
    """Arguments that make ``kscan explain`` read this source, in this way."""


@dataclass(frozen=True, slots=True)
class Stats:
    """What the run cost and covered; `seconds` is wall time."""

    files_considered: int = 0
    files_parsed: int = 0
    cache_hits: int = 0
    functions: int = 0
    functions_with_errors: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """The answer of ``kscan audit``."""

    tree: TreeInfo
    stats: Stats
    rules: tuple[RuleInfo, ...]
    findings: tuple[Finding, ...]
    window: tuple[WindowEntry, ...] = ()
    skips: tuple[Skip, ...] = ()
    hidden: int = 0
    """Findings below the asked confidence."""
    baselined: int = 0
    """Findings accepted in the baseline."""
    notes: tuple[str, ...] = ()
    """Suppressions that matched nothing, and the like."""


@dataclass(frozen=True, slots=True)
class Sibling:
    """The same defect, still there, in another implementer of the slot a range repairs."""

    fixed: str
    """Fingerprint of the finding that the range fixes."""
    finding: Finding


@dataclass(frozen=True, slots=True)
class AffectedDriver:
    """A driver that a changed function reaches, or that reaches it."""

    driver: str
    why: tuple[str, ...]
    """Shortest chain of functions between the change and the driver's entry point."""
    is_inside: bool = False
    """The whole chain runs inside a registration."""


@dataclass(frozen=True, slots=True)
class CommitShare:
    """What one commit of a range introduces and fixes, by fingerprint."""

    id: str
    subject: str
    introduced: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passing:
    """A finding of neither end of a range: one commit introduces it, and a later one fixes it."""

    finding: Finding
    introduced_by: str
    fixed_by: str


@dataclass(frozen=True, slots=True)
class Impact:
    """The answer of ``kscan diff``."""

    base: TreeInfo
    head: TreeInfo
    stats: Stats
    rules: tuple[RuleInfo, ...]
    added: tuple[Reach, ...] = ()
    removed: tuple[Reach, ...] = ()
    shifted: tuple[Shift, ...] = ()
    introduced: tuple[Finding, ...] = ()
    hidden: int = 0
    """Introduced ones below the confidence asked for."""
    fixed: tuple[Finding, ...] = ()
    unchanged: tuple[Finding, ...] = ()
    uncovered: tuple[Finding, ...] = ()
    """Hidden in the base by one that is fixed."""
    standing: tuple[Finding, ...] = ()
    """The unchanged ones in functions that the range alters: it may have meant to repair them."""
    siblings: tuple[Sibling, ...] = ()
    changed_functions: tuple[Implementation, ...] = ()
    drivers: tuple[AffectedDriver, ...] = ()
    drivers_not_listed: int = 0
    commits: tuple[CommitShare, ...] = ()
    passing: tuple[Passing, ...] = ()
    skips: tuple[Skip, ...] = ()
    skips_added: tuple[Skip, ...] = ()
    """Skips the head has and the base has not: a change may hide itself this way."""
    skips_touched: tuple[Skip, ...] = ()
    """Skips of the files that the range touches: with the added ones, what its author is told."""
    reproduce: str = ""
    """One command that gives the same answer locally."""
    notes: tuple[str, ...] = field(default=())


class KscanError(Exception):
    """Bad input: one line that says what is wrong, where, and what to try. Exit status 2."""
