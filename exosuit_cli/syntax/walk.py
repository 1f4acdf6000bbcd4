"""From a syntax tree to the costs of lines: the method of cAST (arXiv:2506.15655) for a planner of lines.

cAST splits a node that exceeds the cap into its children, and merges neighbouring children up to the cap. The planner
takes, among the lines that the cap reaches, the one of least cost, the last among equals. So a line costs the more the
deeper the nodes are that a cut before it splits, the lines within a node that fits the cap cost most of all, and the
siblings at one depth cost the same: the planner then splits only what does not fit, and merges what does. A line that
belongs to the comment or the decorator right before it costs what it does in `strength`. Within a long comment or a
long string, paragraphs and sentences decide: see `long_text`.

An error is no construct: what is whole within it is a child of the node around it, and its other lines cost what their
looks say.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.costs import ATTACHED, CLOSING, CONTINUED
from exosuit_cli.structure.symbols import HOLDS_VARIABLES
from exosuit_cli.syntax.errors import CLOSING_WEAKNESS, ErrorLines
from exosuit_cli.syntax.found import FoundDefinitions
from exosuit_cli.syntax.grammars import (
    ATTRIBUTE,
    BINDING,
    BODY,
    CONTAINER,
    DEFINITION,
    ERROR,
    HEADING,
    HOLDER,
    HOLDS_ITEMS,
    LEAD,
    LIST,
    MAY_DEFINE,
    MAY_HOLD,
    OUTER,
    SECTION,
    TOKEN,
    VALUE,
    WRAPPER,
)
from exosuit_cli.syntax.leads import is_document, lead_role
from exosuit_cli.syntax.long_text import CLOSES, CommentRun, weaknesses
from exosuit_cli.syntax.sections import Section, announces, is_items
from exosuit_cli.syntax.task import DEEPEST, NodeTask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt
    from tree_sitter import Node

    from exosuit_cli.structure.code.strength import LineStrengths
    from exosuit_cli.syntax.grammars import Source
    from exosuit_cli.syntax.inline import Inline

INSIDE: Final = 255
"""The cost of a line within a node that fits, or within a token: taken only where nothing else is."""

_BLANK, _CLOSING, _HEADER, _APART = 1, CLOSING_WEAKNESS, 2, 3
"""What is added for weaker places at one depth: a blank line; a closing line; at the depth below, a line up to the
first of a body; a blank line between a heading and what follows it."""
_RIGHT_BELOW: Final = CLOSING - 2
"""The cost of a line right below a head that begins what does not fit: rather within it than between the two."""
_LEVELS: Final = (CONTINUED - ATTACHED) // 3 - 1
"""The deepest level that tells two attached lines apart: a third of the range is for each weakness of a comment."""
_HIDDEN: Final = ~(BINDING | DEFINITION | OUTER | VALUE)
"""What is left of the role of a variable where it is local."""


class Walk:
    """One way down through the nodes that do not fit, giving each line its cost; without recursion."""

    def __init__(
        self,
        line_starts: npt.NDArray[np.int64],
        fits: Callable[[int, int], bool],
        source: Source,
        looks: LineStrengths | None,
        inline: Inline | None = None,
    ) -> None:
        """With `inline`, also the definitions that share a line are looked for, and those in errors."""
        self._count = len(line_starts)
        self._starts: list[int] = line_starts.tolist()
        self._starts.append(1 << 62)
        self._fits = fits
        self._source = source
        self._roles = source.grammar.roles
        self._has_at = source.grammar.name == "elixir"
        self._comments = CommentRun(source.data)
        self._inline = inline
        self.costs = bytearray([INSIDE]) * self._count
        self.kinds = bytearray([Boundary.LINE]) * self._count
        self._errors = ErrorLines(self.costs, self.kinds, looks, inline)
        self._found = FoundDefinitions(source, self._starts, self.kinds, [] if inline is None else inline.definitions)
        self.definitions = self._found.definitions

    def run(self, root: Node | Section) -> None:
        """Give every line its cost and its kind, and collect the definitions."""
        if self._count:
            role = BODY | self._roles[root.kind_id] & ERROR
            tasks = [NodeTask(root, role, -1, self._count - 1, 0, None, owns_line=True, block=0)]
            while tasks:
                tasks += self._split(tasks.pop())
            self.costs[0] = 0

    def _split(self, task: NodeTask) -> list[NodeTask]:
        """Give costs to the lines that begin with or between the children of a node; return those to split as well."""
        starts, roles, costs, fits, inline = self._starts, self._roles, self.costs, self._fits, self._inline
        errors = self._errors
        comments, data, has_at = self._comments, self._source.data, self._has_at
        base, deeper = 4 * task.depth, 4 * min(task.depth + 1, DEEPEST)
        children: Sequence[Node | Section] = task.node.children
        in_error = task.role & ERROR != 0
        least = errors.least(max(task.line, 0), task.last + 1) if in_error else 0
        has_costs = inline is None  # else a walk before gave them
        body = -1
        if has_costs and not task.role & (HOLDS_ITEMS | WRAPPER | CONTAINER | ERROR):
            body = self._body_start(children)
        # A heading belongs to what follows it, whatever the number of blank lines between.
        lead = after_heading = bool(children) and roles[children[0].kind_id] & HEADING != 0
        block = last = attribute = task.line
        can_be_header = last >= 0 and not task.role & (WRAPPER | SECTION | ERROR) and not is_items(task.node)
        is_header = is_after_attribute = is_after_text = False
        is_past_header = not has_costs and not task.role & (WRAPPER | ERROR)
        limit = starts[last + 1]
        hidden = _HIDDEN if task.definition is not None and task.definition.kind in HOLDS_VARIABLES else 0
        is_first_defined = False
        if lead:
            last = max(bisect_right(starts, children[0].end_byte - 1, last + 1) - 1, last)
            limit = starts[last + 1]
            children = children[1:]
        elif children and task.owns_line and roles[children[0].kind_id] & MAY_DEFINE and children[0].end_byte <= limit:
            # A line to be passed over below, where a body begins with a definition, as in Python.
            role = roles[children[0].kind_id]
            own_lines = (task.block, last, last + 1)
            inner = self._found.define(task, children[0], role, own_lines, owns_line=True, is_split=False)
            if inline is not None:
                inline.look_within(children[0], role, inner or task.definition, last)
            is_first_defined = True
        tasks = []
        before: Node | Section | None = None
        for child in children:
            end = child.end_byte
            if end <= limit:
                # The rest of a line that already has its cost, or nothing at all.
                if task.owns_line and task.role & BODY and not roles[child.kind_id] & TOKEN:
                    can_be_header = False  # a body that begins with a statement, as in Python
                if lead or inline is not None:
                    role = roles[child.kind_id]
                    lead = lead and (child.start_byte == end or role & (TOKEN | LEAD) != 0)
                    if role & MAY_HOLD and inline is not None and not is_first_defined:
                        within = inline.define(task.node, child, role, task.definition, last)
                        inline.look_within(child, role, within, last)
                is_first_defined = False
                continue
            is_first_defined = False
            start = child.start_byte
            if start == end:
                continue
            role = roles[child.kind_id]
            if role & OUTER and hidden:
                role &= hidden
            if has_at and role & LEAD and child.type == "unary_operator":
                role = lead_role(data, start, role)
            is_fresh = start >= limit
            line = last
            if is_fresh:
                line += 1
                if start >= starts[line + 1]:
                    line = bisect_right(starts, start, line + 1) - 1
            stop = line + 1
            if end > starts[stop]:
                stop = bisect_right(starts, end - 1, stop)
                # What fits alone is split all the same where its head or its decorators would be left alone.
                own = task.line if (role & BODY or task.role & WRAPPER) and task.line >= 0 else line
                is_split = stop > line + 1 and (role & (LIST | ERROR) != 0 or not fits(own, stop))
                head = own
                is_first = last == task.line and can_be_header and line <= last + 1
                if is_first or (
                    # So is what its headings would be left alone without.
                    task.role & SECTION and (start == task.node.start_byte or (lead and after_heading))
                ):
                    head = min(own, task.head if task.head >= 0 else max(task.line, 0))
                if is_after_attribute and line == last + 1:
                    head, is_first = min(head, attribute), False
                elif task.role & SECTION and child.type == "list" and before is not None and announces(data, before):
                    head = min(head, block)
                if head < own and stop > line + 1 and not is_split and not fits(head, stop):
                    is_split = not is_first or self._is_cut_for_head(task, child, role, head, stop)
            else:
                is_split = False
            if is_past_header and is_fresh and not (role & ~HOLDER or lead or is_split):
                # By far the most children are such: a statement, a directive, a row.
                if has_costs:
                    if line > last + 1:
                        costs[last + 1 : line] = bytes([base + _BLANK]) * (line - last - 1)
                    costs[line] = base
                    if role and stop > line + 1:
                        self._found.mark_statement(task, child, line, line)
                block, last, limit, before = line, stop - 1, starts[stop], child
                if role and inline is not None:
                    inline.look_within(child, role, task.definition, line)
                continue
            if is_fresh:
                may_be_apart = lead and line == last + 2 and role & (MAY_DEFINE | HOLDER) != 0
                is_apart = may_be_apart and before is not None and is_document(data, before.start_byte)
                glued = (lead and (after_heading or line == last + 1)) or is_apart
                if role & BODY and line == last + 1 and before is not None and before.has_error:
                    # What a macro opens: its name and arguments do not parse as the head of what is in the braces.
                    glued = True
                weakness = comments.weakness(start, end, is_first=not glued) if role & LEAD else 2
                if line > last + 1:
                    cost = deeper + _APART if after_heading else ATTACHED if is_apart else base + _BLANK
                    costs[last + 1 : line] = bytes([cost]) * (line - last - 1)
                    if in_error:
                        errors.look(task.depth, task.definition, least, last + 1, line)
                if not glued:
                    block = line
                    # To cut right below the line that opens a construct leaves that line alone.
                    is_header = start <= body or (last == task.line and can_be_header)
                    is_past_header = not is_header and not task.role & (WRAPPER | ERROR)
                if task.role & WRAPPER or (glued and is_after_attribute):
                    cost = CLOSING - 1
                elif glued:
                    # Rather between the paragraphs of a comment.
                    cost = ATTACHED + min(task.depth, _LEVELS) + (_LEVELS + 1) * weakness
                elif is_header:
                    is_cut_within = is_split and line == last + 1 and not role & ERROR
                    is_cut_within = is_cut_within and not self._found.is_defining(task, child, role)
                    cost = _RIGHT_BELOW if is_cut_within else deeper + _HEADER
                elif is_after_text and role & TOKEN:
                    cost = CLOSING
                else:
                    cost = base + (_CLOSING if role & (TOKEN | ERROR) else 0)
                costs[line] = cost
                if is_split and role & ERROR and not glued:
                    errors.look(task.depth, task.definition, errors.least(line, stop), line, line + 1)
                elif in_error and not (glued or role & MAY_DEFINE):
                    errors.look(task.depth, task.definition, least, line, line + 1)
                lead = role & (LEAD | HEADING) != 0
                if role & ATTRIBUTE and not (glued and is_after_attribute):
                    attribute = line
                is_after_attribute = role & ATTRIBUTE != 0
                after_heading = role & HEADING != 0
                if after_heading:
                    self.kinds[line] = Boundary.SECTION
            else:
                lead = after_heading = False
                if line > task.line and costs[line] == INSIDE and not role & ERROR:
                    # It closes one child and opens the next.
                    costs[line] = deeper + _CLOSING
            if is_split or role & MAY_HOLD:
                begins_task = start == task.node.start_byte
                owns_line = is_fresh or (task.owns_line and begins_task)
                first = block if is_fresh else task.block if begins_task else line
                definition = task.definition
                if role & MAY_DEFINE:
                    lines = (first, line, stop)
                    found = self._found.define(task, child, role, lines, owns_line=owns_line, is_split=is_split)
                    definition = found or definition
                if not is_split:
                    if inline is not None:
                        inline.look_within(child, role, definition, line)
                    elif role & HOLDER and is_fresh:
                        self._found.mark_statement(task, child, block, line)
                else:
                    depth = task.depth_within(role, is_fresh=is_fresh)
                    tasks.append(NodeTask(child, role, line, stop - 1, depth, definition, owns_line, first, head))
            is_after_text = is_split and not child.children
            last, limit, before = stop - 1, starts[stop], child
        if task.last > last:
            if before is None and not (in_error or lead or is_first_defined):
                self._enter_text(task, base)
            else:
                costs[last + 1 : task.last + 1] = bytes([base + _BLANK]) * (task.last - last)
            if in_error:
                errors.look(task.depth, task.definition, least, last + 1, task.last + 1)
        return tasks

    def _is_cut_for_head(self, task: NodeTask, child: Node | Section, role: int, head: int, stop: int) -> bool:
        """Whether a node that fits, but not with the head right above it, is cut rather than the two apart.

        No definition is. What ends on the line where its sibling begins need not fit with that line.
        """
        if isinstance(child, Section) or (role & MAY_DEFINE and self._found.is_defining(task, child, role)):
            return False
        after = child.next_sibling
        is_shared = after is not None and after.start_byte < self._starts[stop]
        return not (is_shared and self._fits(head, stop - 1))

    def _body_start(self, children: Sequence[Node | Section]) -> int:
        """Where the first body among the children starts; -1 if there is none."""
        roles = self._roles
        for child in children:
            if roles[child.kind_id] & BODY:
                return child.start_byte
        return -1

    def _enter_text(self, task: NodeTask, base: int) -> None:
        """Give costs to the lines of a node without children, but for its first."""
        data, starts = self._source.data, self._starts
        ends = starts[task.line + 1 : task.last + 2]
        begins = [max(task.node.start_byte, starts[task.line]), *ends[:-1]]
        lines = [data[begin:end] for begin, end in zip(begins, ends, strict=True)]
        for line, weakness in enumerate(weaknesses(lines)[1:], task.line + 1):
            self.costs[line] = CLOSING if weakness == CLOSES else base + weakness
