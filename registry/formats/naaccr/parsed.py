"""What the parser has gathered: flat lists of nodes (patients, tumors), items and faults."""

from __future__ import annotations

from dataclasses import dataclass, field

from registry.formats.naaccr.data import Problem

ROOT_NODE = -1
_ITEM_LISTS = ("item_node", "item_key", "item_value", "item_line")
_NODE_LISTS = ("node_patient", "node_tumor", "node_line", "node_start", "node_length")


@dataclass
class Parsed:
    """Flat lists. Items point to a row of the node lists (ROOT_NODE for root items).

    `node_start` and `node_length` are the bytes of a Patient element; lines are 1-based, indexes 0-based.
    `patient_ends` holds, for each complete patient, how many items and nodes there are up to its end.
    """

    item_node: list[int] = field(default_factory=list)
    item_key: list[int] = field(default_factory=list)
    item_value: list[str] = field(default_factory=list)
    item_line: list[int] = field(default_factory=list)
    node_patient: list[int] = field(default_factory=list)
    node_tumor: list[int | None] = field(default_factory=list)
    node_line: list[int] = field(default_factory=list)
    node_start: list[int] = field(default_factory=list)
    node_length: list[int] = field(default_factory=list)
    patient_ends: list[tuple[int, int]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def cut(self, patients: int) -> Parsed:
        """Take the first `patients` complete patients out of these lists."""
        return self.cut_at(*(self.patient_ends[patients - 1] if patients else (0, 0)), patients)

    def cut_at(self, items: int, nodes: int, patients: int) -> Parsed:
        """Take the first items, nodes and complete patients out of these lists, with their faults."""
        last = self.node_patient[nodes - 1] if nodes else -1
        taken = Parsed(
            patient_ends=self.patient_ends[:patients],
            problems=[p for p in self.problems if p.patient_index is None or p.patient_index <= last],
        )
        self.problems = [p for p in self.problems if p.patient_index is not None and p.patient_index > last]
        for names, count in ((_ITEM_LISTS, items), (_NODE_LISTS, nodes)):
            for name in names:
                values = getattr(self, name)
                setattr(taken, name, values[:count])
                del values[:count]
        self.item_node = [node - nodes if node >= 0 else node for node in self.item_node]
        self.patient_ends = [(i - items, n - nodes) for i, n in self.patient_ends[patients:]]
        return taken

    def extend(self, later: Parsed) -> None:
        """Put later patients of the same document, and with the same keys, behind these."""
        items, nodes = len(self.item_node), len(self.node_patient)
        self.item_node += [node + nodes if node >= 0 else node for node in later.item_node]
        for name in (*_ITEM_LISTS[1:], *_NODE_LISTS):
            getattr(self, name).extend(getattr(later, name))
        self.patient_ends += [(i + items, n + nodes) for i, n in later.patient_ends]
        self.problems += later.problems

    def shift(self, patients: int, lines: int, places: int) -> None:
        """Move everything to another place of the document: indexes, lines and bytes are added."""
        self.item_line = [line + lines for line in self.item_line]
        self.node_line = [line + lines for line in self.node_line]
        self.node_start = [start + places for start in self.node_start]
        self.node_patient = [patient + patients for patient in self.node_patient]
        self.problems = [
            p._replace(
                line=p.line + lines,
                patient_index=None if p.patient_index is None else p.patient_index + patients,
            )
            for p in self.problems
        ]
