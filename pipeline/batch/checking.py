"""What a run will read and refuse, from headers and tables alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boneage.imaging.demographics import Sexes
from boneage.imaging.listing import name_some
from boneage.imaging.matching import match_rows
from boneage.imaging.peeking import FileHeader, peek
from boneage.pipeline.batch.tasks import FileTask


@dataclass(frozen=True)
class BatchCheck:
    """What was found of the files of a run.

    Parameters
    ----------
    headers : dict of FileHeader
        By the file's name.
    refusals : dict of str
        Why files will be refused, by name, as far as headers and tables tell.
    n_given, n_stated : int
        Files whose sex is given, and those that state it themselves.
    rows_without_file : dict of tuple
        Ids of the tables that fit no file, by table.
    """

    headers: Mapping[str, FileHeader]
    refusals: Mapping[str, str]
    n_given: int
    n_stated: int
    rows_without_file: Mapping[str, tuple[str, ...]]

    def lines(self) -> list[str]:
        """Return it in sentences, first the counts, last the refusals."""
        kinds = Counter(header.kind or "no image" for header in self.headers.values())
        n_unknown = len(self.headers) - self.n_given - self.n_stated
        return [
            f"{len(self.headers)} files: {', '.join(f'{n} {kind}' for kind, n in kinds.most_common())}",
            f"sex: {self.n_given} given, {self.n_stated} in the file, {n_unknown} not known",
            *(
                f"{len(ids)} ids of the table of {table} fit no file: {name_some(ids)}"
                for table, ids in self.rows_without_file.items()
                if ids
            ),
            f"{len(self.refusals)} will be refused",
            *(f"{name}: {reason}" for name, reason in self.refusals.items()),
        ]


def check_files(
    tasks: Sequence[FileTask], *, sexes: Sexes, sizes: Mapping[str, tuple[int, ...]], needs_sex: bool
) -> BatchCheck:
    """Look at the headers of files and at the tables.

    Parameters
    ----------
    tasks : sequence of FileTask
    sexes, sizes : mapping
        The tables that the tasks were made with.
    needs_sex : bool
        Whether the model refuses a hand of unknown sex.
    """
    headers = {task.name: peek(task.path) for task in tasks}
    refusals = {}
    for task in tasks:
        header = headers[task.name]
        unknown = needs_sex and task.sex is None and header.sex is None
        reason = task.fault or header.fault or ("the sex is not known, and the model needs it" if unknown else "")
        if reason:
            refusals[task.name] = reason
    paths = [task.path for task in tasks]
    tables = {"sexes": sexes if isinstance(sexes, Mapping) else {}, "sizes": sizes}
    fitting = {table: match_rows(ids, paths, table) for table, ids in tables.items()}
    without = {
        table: tuple(sorted(set(ids) - set(fitting[table].rows.values()) - set(fitting[table].ambiguous)))
        for table, ids in tables.items()
    }
    n_given = sum(task.sex is not None for task in tasks)
    n_stated = sum(task.sex is None and headers[task.name].sex is not None for task in tasks)
    return BatchCheck(headers, refusals, n_given, n_stated, without)
