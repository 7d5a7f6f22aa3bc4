"""Keys and values of texts that are held, and of the rows that grow from them. Knows attention, not words.

A text is read once, and may be read on. Rows of one text attend together, a group at a time: the tokens of all rows of
a group lie in one memory, behind their text's, and a mask hides from each row what is another's. So every head makes
one product for the whole group, over one copy of the text, where each row by itself would make one of its own over a
copy of its own. A row that is alone with its text has a lane beside others of that kind, and all lanes attend in one
call. Whatever their texts, all rows share every other product of a step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from verbosify.models.pytorch.attention import attend_causally
from verbosify.models.pytorch.transformer import Architecture, Project, hidden_states

GROUP = 10
"""Rows that attend together at most: a larger group makes fewer products, and hides more of each from every row."""
CARD_GROUP = 64
"""The same on a card, where to begin a product takes longer than to compute what is hidden."""
SPARE = 64
"""Places beyond those needed, so that a text that grows by a token is not copied each time."""


class HeldKeys:
    """Keys and values of one text, (layers, 2, key-value heads, places, head width), which forks share."""

    def __init__(self, architecture: Architecture, weights: Mapping[str, Tensor]) -> None:
        self._architecture = architecture
        self._weights = weights
        self._memory = _Memory(architecture, 0, weights["embedding"])
        self.length = 0

    @property
    def places(self) -> Tensor:
        return self._memory.places[:, :, :, : self.length]

    def fork(self) -> HeldKeys:
        """The same text, to be read on in another way; it is copied by whichever of the two reads on second."""
        other = HeldKeys.__new__(HeldKeys)
        other.__dict__.update(self.__dict__)
        return other

    def cut(self, length: int) -> None:
        """Hold the first `length` tokens only."""
        self.length = min(self.length, length)

    def read(self, token_ids: Tensor, project: Project) -> Tensor:
        """Read on; returns the hidden state of the last of these tokens, (1, width)."""
        before, after = self.length, self.length + len(token_ids)
        self._make_room(after)
        memory, mask = self._memory, None
        if before:
            mask = torch.ones(len(token_ids), after, dtype=torch.bool, device=token_ids.device).tril(before)

        def attend(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            memory.places[layer, :, :, before:after].copy_(torch.stack((k, v)).transpose(1, 2))
            if mask is None:
                return attend_causally(layer, q, k, v)
            keys, values = memory.places[layer, :, None, :, :after].unbind()
            queries, grouped = q.transpose(0, 1)[None], q.shape[1] != k.shape[1]
            attended = functional.scaled_dot_product_attention(
                queries, keys, values, attn_mask=mask, enable_gqa=grouped
            )
            return attended[0].transpose(0, 1)

        positions = torch.arange(before, after, device=token_ids.device)
        states = hidden_states(self._architecture, self._weights, token_ids, positions, project, attend)
        self.length = after
        return states[-1:]

    def read_rows(self, rows: Sequence[Tensor], project: Project) -> Tensor:
        """The hidden states of the tokens of `rows`, one after another, (tokens, width): each follows the text alone.

        The rows' tokens share every product; to attend, they are laid side by side, as long as the longest of them.
        """
        lengths = [len(row) for row in rows]
        count, longest, before = len(rows), max(lengths), self.length
        device = self.places.device
        steps = torch.cat([torch.arange(length, device=device) for length in lengths])
        owners = torch.repeat_interleave(torch.arange(count, device=device), torch.tensor(lengths, device=device))
        mask = torch.ones(longest, before + longest, dtype=torch.bool, device=device).tril(before)

        def beside(x: Tensor) -> Tensor:
            laid = x.new_zeros((count, longest, *x.shape[1:]))
            laid[owners, steps] = x
            return laid.transpose(1, 2)

        def attend(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            text = self.places[layer, :, None].expand(-1, count, -1, -1, -1)
            keys, values = (torch.cat((held, beside(own)), dim=2) for held, own in zip(text, (k, v), strict=True))
            grouped = q.shape[1] != k.shape[1]
            attended = functional.scaled_dot_product_attention(
                beside(q), keys, values, attn_mask=mask, enable_gqa=grouped
            )
            return attended.transpose(1, 2)[owners, steps]

        if not longest:
            return self._weights["embedding"].new_empty((0, self._architecture.width))
        return hidden_states(self._architecture, self._weights, torch.cat(list(rows)), steps + before, project, attend)

    def _make_room(self, length: int) -> None:
        """Places of our own for as many tokens: those at hand, unless a fork has written there, or they are too few."""
        if self._memory.used != self.length or length > self._memory.places.shape[3]:
            memory = _Memory(self._architecture, length + SPARE if self.length else length, self._weights["embedding"])
            memory.places[:, :, :, : self.length].copy_(self.places)
            self._memory = memory
        self._memory.used = length


class _Memory:
    """Places for keys and values, of which the first `used` have been written."""

    def __init__(self, architecture: Architecture, places: int, like: Tensor) -> None:
        a = architecture
        self.places = torch.empty((a.layers, 2, a.kv_heads, places, a.head_width), dtype=like.dtype, device=like.device)
        self.used = 0


class Cache:
    """Rows that grow from held texts, a token at a time, all in step."""

    def __init__(self, architecture: Architecture, weights: Mapping[str, Tensor]) -> None:
        self._architecture = architecture
        self._weights = weights
        self._lanes = _Lanes(architecture, weights["embedding"])
        self._spans: list[_Group | _Lane] = []
        """Whose the rows are, in order."""

    @property
    def bytes(self) -> int:
        """What the keys and values of all rows take."""
        return self._lanes.bytes + sum(group.bytes for group in self._groups)

    @property
    def _groups(self) -> list[_Group]:
        return [span for span in self._spans if isinstance(span, _Group)]

    def bytes_for(self, held: HeldKeys, rows: int, length: int, *, together: bool) -> int:
        """What `add` would take beyond what is taken."""
        groups = [size for size in self._sizes(rows, together=together) if size > 1]
        lane = self._lanes.bytes_for(held.length + length) if sum(groups) < rows else 0
        places = len(groups) * held.length + sum(groups) * length
        return lane + places * _bytes_of_place(self._architecture, held.places)

    def add(self, held: HeldKeys, rows: int, length: int, *, together: bool = False) -> None:
        """Have `rows` more rows, behind the present ones, with room for `length` tokens each.

        Those that are `together` may take one another's places, as beams do.
        """
        for size in self._sizes(rows, together=together):
            if size > 1:
                self._spans.append(_Group(self._architecture, size, held.places, length))
            else:
                self._spans.append(self._lanes.add(held.places, length))

    def select_rows(self, places: Sequence[int]) -> None:
        """Go on with these of the present rows: in order, but that rows which are together may swap and repeat."""
        start = 0
        for span in self._spans:
            end = start + span.rows
            span.select_rows([place - start for place in places if start <= place < end])
            start = end
        self._spans = [span for span in self._spans if span.rows]

    def advance(self, token_ids: Tensor, project: Project) -> Tensor:
        """Read one more token a row, (rows,); returns their hidden states, (rows, width)."""
        groups: list[_Group | _Lanes] = [*self._groups]
        holders = [self._lanes, *groups] if self._lanes.rows else groups
        sizes = [holder.rows for holder in holders]
        positions = torch.tensor(
            [position for holder in holders for position in holder.positions], device=token_ids.device
        )
        for holder in holders:
            holder.grow()

        def attend(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            if len(sizes) == 1:
                return holders[0].attend(layer, q, k, v)
            parts = zip(holders, *(torch.split(rows, sizes) for rows in (q, k, v)), strict=True)
            return torch.cat([holder.attend(layer, *part) for holder, *part in parts])

        order = torch.tensor(self._order(), device=token_ids.device)
        states = hidden_states(self._architecture, self._weights, token_ids[order], positions, project, attend)
        return states[order.argsort()]

    def _sizes(self, rows: int, *, together: bool) -> list[int]:
        """How many rows attend together, group by group."""
        size = rows if together else GROUP if self._weights["embedding"].device.type == "cpu" else CARD_GROUP
        return [min(size, rows - start) for start in range(0, rows, size)]

    def _order(self) -> list[int]:
        """The rows as they are computed: those in lanes, lane by lane, and then the groups'."""
        starts, rows = dict[_Group | _Lane, int](), 0
        for span in self._spans:
            starts[span], rows = rows, rows + span.rows
        computed: list[_Group | _Lane] = [*self._lanes.taken, *self._groups]
        return [starts[span] + row for span in computed for row in range(span.rows)]


def _power(needed: int, present: int) -> int:
    """`present` if that is enough, else the next power of two."""
    return present if needed <= present else 1 << (needed - 1).bit_length()


def _bytes_of_place(a: Architecture, like: Tensor) -> int:
    """What one token's keys and values take, in all layers."""
    return a.layers * 2 * a.kv_heads * a.head_width * like.element_size()


class _Lane:
    """The place of one row among `_Lanes`."""

    def __init__(self, lanes: _Lanes, length: int) -> None:
        self._lanes = lanes
        self.rows = 1
        self.length = length
        """Of its text, with what it has grown."""

    def select_rows(self, places: Sequence[int]) -> None:
        """Go on, or leave if there is no place."""
        if not places:
            self.rows = 0
            self._lanes.leave(self)


class _Lanes:
    """Rows that each grow from a text of their own, side by side, and attend at once.

    `_memory` holds keys and values, (layers, 2, lanes, key-value heads, places, head width). `_mask`, (lanes, 1,
    queries, places), is 0 where a lane's row may look and -inf elsewhere; queries that share a key-value head are
    neighbours.
    """

    def __init__(self, architecture: Architecture, like: Tensor) -> None:
        a = architecture
        self._architecture = a
        self._queries = a.heads // a.kv_heads
        self.taken: list[_Lane] = []
        """By whom; those that are free lie behind."""
        # PyTorch's attention of a single query takes up to three times as long in bf16 as in float32
        dtype = torch.float32 if self._queries == 1 and like.device.type == "cpu" else like.dtype
        self._memory = like.new_empty((a.layers, 2, 0, a.kv_heads, 0, a.head_width), dtype=dtype)
        self._mask = self._memory.new_empty((0, 1, self._queries, 0))

    @property
    def rows(self) -> int:
        return len(self.taken)

    @property
    def positions(self) -> list[int]:
        """Where each row's next token stands in its text."""
        return [lane.length for lane in self.taken]

    @property
    def bytes(self) -> int:
        return self._memory.nbytes

    def bytes_for(self, length: int) -> int:
        """What a lane with so many tokens would take beyond what is taken."""
        lanes, places = self._needed(length)
        return lanes * places * _bytes_of_place(self._architecture, self._memory) - self.bytes

    def _needed(self, length: int) -> tuple[int, int]:
        """Lanes and places if one more has so many tokens: powers of two, so that what is there is seldom copied."""
        lanes, places = self._memory.shape[2], self._memory.shape[4]
        return _power(self.rows + 1, lanes), _power(length, places)

    def add(self, text: Tensor, length: int) -> _Lane:
        """One more row, that grows from `text`, keys and values as `HeldKeys` has them, by at most `length`."""
        before, row, filled = self._memory, self.rows, text.shape[3]
        lanes, places = self._needed(filled + length)
        if (lanes, places) != (before.shape[2], before.shape[4]):
            mask, a = self._mask, self._architecture
            # zeros: what is hidden counts for nothing, but must be numbers
            self._memory = before.new_zeros((a.layers, 2, lanes, a.kv_heads, places, a.head_width))
            self._memory[:, :, :row, :, : before.shape[4]].copy_(before[:, :, :row])
            self._mask = mask.new_full((lanes, 1, self._queries, places), -torch.inf)
            self._mask[:row, :, :, : before.shape[4]].copy_(mask[:row])
        self._memory[:, :, row, :, :filled].copy_(text)
        self._mask[row] = -torch.inf
        self._mask[row, :, :, :filled] = 0
        self.taken.append(_Lane(self, filled))
        return self.taken[-1]

    def leave(self, lane: _Lane) -> None:
        """Let the last row have this one's lane."""
        free, last = self.taken.index(lane), self.taken.pop()
        if last is not lane:
            self.taken[free] = last
            places = slice(last.length)
            self._memory[:, :, free, :, places].copy_(self._memory[:, :, self.rows, :, places])
            self._mask[free].copy_(self._mask[self.rows])

    def grow(self) -> None:
        """Make a place for one more token a row."""
        filled = torch.tensor(self.positions, device=self._memory.device)
        lanes = torch.arange(self.rows, device=filled.device)
        heads = torch.arange(self._architecture.kv_heads, device=filled.device)
        longest = max(self.positions) + 1
        self._mask[lanes, :, :, filled] = 0
        for lane in self.taken:
            lane.length += 1
        # views of every layer's memory, made once a step: what is to be written, and what to be seen
        self._places = ((lanes[:, None] * len(heads) + heads) * self._memory.shape[4] + filled[:, None]).flatten()
        self._written = self._memory.flatten(2, 4).unbind()
        self._seen = self._memory[:, :, : self.rows, :, :longest].unbind()
        self._seen_mask = self._mask[: self.rows, :, :, :longest]

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Every row sees its text and its own tokens, the one that is being read included."""
        own = torch.stack((k, v)).flatten(1, 2)
        self._written[layer][:, self._places] = own.to(self._memory.dtype)
        keys, values = self._seen[layer].unbind()
        queries = q.view(self.rows, keys.shape[1], self._queries, keys.shape[-1]).to(keys.dtype)
        attended = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=self._seen_mask)
        return attended.reshape(q.shape).to(q.dtype)


class _Group:
    """Rows of one text that attend together.

    `_memory` holds keys and values, (layers, 2, key-value heads, places, head width): the text's places, then one for
    each row at every step. `_mask`, (queries, places), is 0 where a row may look and -inf elsewhere; queries of a row
    that share a key-value head are neighbours.
    """

    def __init__(self, architecture: Architecture, rows: int, text: Tensor, length: int) -> None:
        a = architecture
        self.rows = rows
        self._position = self._filled = text.shape[3]
        self._queries = a.heads // a.kv_heads
        places = self._filled + rows * length
        self._memory = text.new_empty((a.layers, 2, a.kv_heads, places, a.head_width))
        self._memory[:, :, :, : self._filled].copy_(text)
        self._mask = text.new_full((rows * self._queries, places), -torch.inf)
        self._mask[:, : self._filled] = 0

    @property
    def bytes(self) -> int:
        return self._memory.nbytes

    @property
    def positions(self) -> list[int]:
        """Where each row's next token stands in its text."""
        return [self._position] * self.rows

    def grow(self) -> None:
        """Make a place for one more token a row."""
        places = slice(self._filled, self._filled + self.rows)
        self._filled += self.rows
        self._position += 1
        own = self._mask[:, places].view(self.rows, self._queries, self.rows)
        own.diagonal(dim1=0, dim2=2).zero_()
        # views of every layer's memory, made once a step: what is to be written, and what to be seen
        self._written = self._memory[:, :, :, places].unbind()
        self._seen = self._memory[:, :, None, :, : self._filled].unbind()
        self._seen_mask = self._mask[:, : self._filled]

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Every row sees the text and its own tokens, the one that is being read included."""
        self._written[layer].copy_(torch.stack((k, v)).transpose(1, 2))
        keys, values = self._seen[layer].unbind()
        heads, width = keys.shape[1], keys.shape[-1]
        queries = q.view(self.rows, heads, self._queries, width).transpose(0, 1).reshape(1, heads, -1, width)
        attended = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=self._seen_mask)
        return attended.view(heads, self.rows, self._queries, width).transpose(0, 1).reshape(q.shape)

    def select_rows(self, places: Sequence[int]) -> None:
        """Go on with these rows, and forget the tokens that none of them sees."""
        if not places or list(places) == list(range(self.rows)):
            self.rows = len(places)
            return
        mask = self._mask.view(self.rows, self._queries, -1)[list(places)].flatten(0, 1)
        fewer, self.rows = len(places) < self.rows, len(places)
        if not fewer:  # rows that swap need no more room than there is
            self._mask = mask
            return
        needed = (mask == 0).any(dim=0)
        needed[self._filled :] = True
        self._filled = int(needed[: self._filled].sum())
        self._mask, self._memory = mask[:, needed], self._memory[:, :, :, needed]
