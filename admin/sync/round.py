"""One round of a sync: read what PocketBase has, compare it with table and bucket, write the
difference.

`import`, `sync` and `sync --watch` all run this round. An import differs in one point: it deletes
no collection, no record and no file.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from ..errors import EdgeError, SourceBusy, WrongSource
from ..target.actions import Change, is_change
from . import cleanup, files, gather, mass_deletion, plan, put_off
from .apply import apply
from .data_directory import Source, opened
from .destination import OnDone, Target, pending_of
from .differences import Differences
from .edge import in_step
from .late_thumbs import clear_stale_thumbs, clear_thumbs_again
from .later import Later
from .mass_deletion import Verdict
from .mirror import Mirror
from .progress import Progress, no_progress
from .summary import Summary

_READ_ATTEMPTS = 3
"""How often the source is read before a database that keeps changing is an error."""

CLOCK_SECONDS = 60.0
"""How often a watch reads a source of which a view has other rows at another time."""

NOTHING_CLOSES: Mapping[str, float] = MappingProxyType({})


class Sync:
    """Keeps one table and one bucket equal to one source.

    Call ``read_target`` once, then ``round`` whenever the source may have changed: the mirror
    remembers what table and bucket hold, so that no later round reads them again.
    """

    def __init__(
        self,
        source: Source,
        target: Target,
        mirror: Mirror,
        *,
        removing: bool,
        allow_mass_deletion: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.source = source
        self.is_watching = False
        """Whether more rounds follow; if not, a round waits for the uploads it has put off."""
        self._target = target
        self._writer = target.writer
        self._mirror = mirror
        self._removing = removing
        self._limits_deletion = removing and not allow_mass_deletion
        self._later = Later(target, mirror, sleep, files=source.files)
        self._source_read_at = 0.0
        self._stale_thumbs: list[str] = []
        """Originals whose thumbs are older than they are, by the last listing."""

    @property
    def is_writing(self) -> bool:
        """Whether this sync holds the table's lease."""
        return self._writer.is_writing

    def read_target(self, *, writing: bool = True) -> None:
        """Read the whole table and list the whole bucket into the mirror.

        ``writing``: become the table's writer first. Raises ``LeaseHeld`` while there is another.
        """
        if writing:
            self._writer.acquire()
        else:
            self._writer.read()
        pointer = self._writer.pointer
        self._mirror.forget()
        self._mirror.add_items(self._writer.items(), pointer)
        is_own = pointer.generation > 0 and pointer.table == self._writer.table.name
        self._mirror.must_publish = not is_own
        if self.source.files:
            self._mirror.add_objects(self._target.bucket.list())
            self._stale_thumbs = self._mirror.stale_thumbs()

    def keep_alive(self) -> None:
        """Renew the lease and the heartbeat when it is time. Raises ``LeaseLost``."""
        self._writer.keep_alive()
        self._later.look_for_new()

    def is_due(self) -> bool:
        """Whether something that was left for later can be done, or views follow the clock."""
        source_age = self._target.clock() - self._source_read_at
        views_are_due = self._mirror.follows_clock and source_age >= CLOCK_SECONDS
        return views_are_due or self._later.is_due()

    def round(self, progress: Progress = no_progress) -> Summary:
        """Read the source and write what differs. Returns what was done.

        Raises ``SourceError``; ``WrongSource`` before anything is written; ``MassDeletion`` after
        all but the mass deletion was written; ``TargetError`` or what AWS raises while writing: the
        next round then does what is left.
        """
        summary = self.gather()
        with progress(summary, self._mirror.pending()) as on_done:

            def count(action: Change) -> None:
                summary.count(action)
                on_done(action)

            self.apply(count)
        return summary

    def gather(self) -> Summary:
        """Read the source into the mirror, which then knows what differs.

        Raises ``SourceError``.
        """
        warnings = self._read()
        if self.source.files:
            warnings += files.check_files(
                self.source.directory, self._mirror, self._target.bucket, self._target.pool
            )
        collections, records, file_count = self._mirror.counts()
        return Summary(collections, records, file_count, warnings=warnings)

    def planned(self) -> Iterator[Change]:
        """The actions that ``apply`` would carry out, in order."""
        self._require_own_source()
        for step in self._steps(self._verdict()):
            yield from filter(is_change, step)

    def require_allowed(self) -> None:
        """Raise ``MassDeletion`` where ``apply`` would."""
        self._require_own_source()
        refusal = self._verdict().refusal(self.source.directory)
        if refusal:
            raise refusal

    def apply(self, on_done: OnDone) -> None:
        """Write what differs; raises as ``round`` does."""
        if not self._writer.is_writing:
            self.read_target()
            self.gather()
        self._require_own_source()
        verdict = self._verdict()
        self._do_what_is_due()
        self._write(verdict, on_done)
        cleanup.purge_tombstones(self._target, self._mirror)
        if not self.is_watching:
            self._finish(verdict, on_done)
        refusal = verdict.refusal(self.source.directory)
        if refusal:
            raise refusal

    def _finish(self, verdict: Verdict, on_done: OnDone) -> None:
        """Wait for what was left for later, and do it: no other round follows that would."""
        while self._later.uploads():
            self._later.wait_for_uploads()
            self._write(verdict, on_done)
        while self._later.has_invalidation_soon():
            self._later.wait_for_invalidation()
            clear_thumbs_again(self._target, self._mirror)
            pending_of(self._target, self._mirror).ask()
            self._tell_backlog()

    def _write(self, verdict: Verdict, on_done: OnDone) -> None:
        """Write what differs, but for what is held back."""
        before = self._writer.pointer.generation
        if self._writer.generation:
            self._writer.was_published()
        try:
            self._publish(verdict, on_done)
        except EdgeError:
            self._tell_backlog()
            raise
        if self._writer.pointer.generation == before and not self.is_watching:
            self._writer.beat()
        self._tell_backlog()

    def _publish(self, verdict: Verdict, on_done: OnDone) -> None:
        """Write and publish, with CloudFront in step. Raises ``EdgeError`` after the rest."""
        source = self._identity_to_publish()
        differences = self._differences(verdict)
        definitions = differences.final(removing=self._removing).values()
        files = self.source.files
        with in_step(self._target, self._mirror, definitions, files=files) as edge:
            apply(
                self._steps(verdict, edge.closing),
                replace(self._target, elsewhere=edge.elsewhere),
                self._mirror,
                on_done,
                source=source,
                completes=self._removing,
            )

    def _identity_to_publish(self) -> str:
        """The data directory that the table is filled from: an import to a table that already has
        one leaves it as it is."""
        known = self._writer.published.source
        if known and not self._removing:
            return known
        return self._mirror.source or known

    def _tell_backlog(self) -> None:
        """Have the pointer say what CloudFront is still to be asked for."""
        self._writer.tell(pending_of(self._target, self._mirror).backlog())

    def _steps(
        self, verdict: Verdict, closing: Mapping[str, float] = NOTHING_CLOSES
    ) -> Iterator[plan.Step]:
        return plan.steps(
            self._differences(verdict),
            removing=self._removing,
            now=self._target.clock(),
            settled=self._later.settled(),
            closing=closing,
        )

    def _differences(self, verdict: Verdict) -> Differences:
        return Differences(self._mirror, self._writer.value, verdict.held)

    def _verdict(self) -> Verdict:
        if not self._limits_deletion:
            return Verdict()
        return mass_deletion.judge(self._mirror)

    def _require_own_source(self) -> None:
        """Raise ``WrongSource`` for a data directory other than the table's."""
        known = self._writer.published.source
        given = self._mirror.source
        is_other = bool(known and given) and known != given
        if self._limits_deletion and is_other:
            raise WrongSource(
                f"{self.source.directory} is not the data directory that this table was filled "
                "from, and nothing is changed: if it is to take its place, give "
                "--allow-mass-deletion"
            )

    def _do_what_is_due(self) -> None:
        """Do what was left for later, and remove what no reader needs any more."""
        self._clear_stale_thumbs()
        clear_thumbs_again(self._target, self._mirror)
        if self.source.files:
            put_off.forget_done(self._target, self._mirror)
        cleanup.discard_former_catalogues(self._target, self._mirror)

    def _clear_stale_thumbs(self) -> None:
        known = self._mirror.defined_collections()
        stale = [key for key in self._stale_thumbs if key.partition("/")[0] in known]
        clear_stale_thumbs(stale, self._target, self._mirror)
        self._stale_thumbs = []

    def missing_found(self) -> bool:
        """Whether a file that storage lacked at the last round is there now."""
        return self.source.files and files.recheck_missing(self.source.directory, self._mirror)

    def _read(self) -> list[str]:
        self._source_read_at = self._target.clock()
        for attempt in range(1, _READ_ATTEMPTS + 1):
            try:
                with opened(self.source, check=False) as snapshot:
                    return gather.take(snapshot, self._mirror, files=self.source.files)
            except SourceBusy:
                if attempt == _READ_ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")
