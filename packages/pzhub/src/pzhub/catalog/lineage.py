"""Where a product comes from and what was made of it, over several generations.

Two rules. A product that the reader may not see is not named and not walked through; of a run
that read such products only that there were some is told. And what is read is bounded: one
query per generation, however many products there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Count, F, QuerySet, Value

from pzhub.accounts.policies import Actor
from pzhub.catalog.hooks import origin_labels
from pzhub.catalog.models import Product, ProductStatus
from pzhub.catalog.selectors import products_visible_to

#: What stands where a pipeline would: rows and columns of a table were kept as a product.
VIEW: Final = "Saved view"
#: How many generations are shown in each direction.
GENERATIONS: Final = 4
#: How many products are shown in each direction.
MOST_PRODUCTS: Final = 40
#: How many links are read per generation: an old catalog may have been used very often.
_MOST_LINKS: Final = 4 * MOST_PRODUCTS


@dataclass(frozen=True, slots=True)
class MakingRun:
    """A run that made a product from others; `hides_inputs` when some are not the reader's.

    A view of a table that was saved as a product counts as one, with a ``pk`` below 0.
    """

    pk: int
    pipeline: str
    version: str
    output: int
    inputs: tuple[int, ...]
    hides_inputs: bool = False

    @property
    def label(self) -> str:
        """Return pipeline and version as people call them."""
        return f"{self.pipeline} {self.version}".strip()

    @property
    def is_view(self) -> bool:
        """Whether no pipeline ran: rows and columns of a table were kept."""
        return self.pk < 0


@dataclass(slots=True)
class Lineage:
    """The products around one, by id, and the runs between them.

    Attributes
    ----------
    generation
        Of each product: 0 for the one looked at, negative for what it was made from; each is
        further from 0 than all between it and the one looked at.
    is_cut
        Whether there are more generations or products than shown.
    """

    here: Product
    products: dict[int, Product] = field(default_factory=dict)
    runs: list[MakingRun] = field(default_factory=list)
    generation: dict[int, int] = field(default_factory=dict)
    is_cut: bool = False

    def add(self, product: Product, generation: int) -> None:
        """Take in a product that was reached."""
        self.products[product.pk] = product
        self.generation[product.pk] = generation

    @property
    def is_alone(self) -> bool:
        """Whether there is nothing to draw."""
        return not self.runs

    def run_of(self, pk: int) -> MakingRun | None:
        """Return the run that made a product, if it is among the runs shown."""
        return next((run for run in self.runs if run.output == pk), None)

    def runs_from(self, pk: int) -> list[MakingRun]:
        """Return the runs shown that read a product."""
        return [run for run in self.runs if pk in run.inputs]


@dataclass(frozen=True, slots=True)
class Relative:
    """One line of the nested list: a product, the run beside it, and what follows.

    ``repeats`` when its own relatives are already given further up.
    """

    product: Product
    run: MakingRun | None
    relatives: tuple[Relative, ...] = ()
    repeats: bool = False

    @property
    def is_deleted(self) -> bool:
        """Whether only its row is left."""
        return self.product.status == ProductStatus.DELETED


#: Returns the ids of products reached, each with that of the one it was reached from, in order.
_Step = Callable[[Actor, Iterable[int]], "QuerySet[Product, tuple[Any, ...]]"]


def lineage_of(product: Product, user: Actor) -> Lineage:
    """Return the ancestors and descendants of a product that a user may see.

    Parameters
    ----------
    product
        A product that the user may see, as `product_for` returns it.
    user
        The reader.

    Returns
    -------
    at most `GENERATIONS` generations and `MOST_PRODUCTS` products in each direction, after at
    most ``2 * GENERATIONS + 4`` queries
    """
    lineage = Lineage(product)
    lineage.add(product, 0)
    read = _walk(lineage, user, _sources, -1) if _is_made(product) else {}
    used = _walk(lineage, user, _results, 1)
    _fetch(lineage, user)
    lineage.runs = [*_runs_before(lineage, read), *_runs_after(lineage, used)]
    _set_generations(lineage)
    return lineage


def made_from(lineage: Lineage) -> list[Relative]:
    """Return the ancestors as nested lists: each product under what was made from it."""
    run = lineage.run_of(lineage.here.pk)
    seen: set[int] = set()
    return [_ancestor(lineage, pk, seen) for pk in (run.inputs if run else ())]


def made_of(lineage: Lineage) -> list[Relative]:
    """Return the descendants as nested lists: each product under what it was made from."""
    return _descendants(lineage, lineage.here.pk, set())


def _ancestor(lineage: Lineage, pk: int, seen: set[int]) -> Relative:
    product, run = lineage.products[pk], lineage.run_of(pk)
    if run is None or pk in seen:
        return Relative(product, run, repeats=run is not None)
    seen.add(pk)
    return Relative(product, run, tuple(_ancestor(lineage, source, seen) for source in run.inputs))


def _descendants(lineage: Lineage, pk: int, seen: set[int]) -> list[Relative]:
    if pk in seen:
        return []
    seen.add(pk)
    lines = []
    for run in (run for run in lineage.runs_from(pk) if lineage.generation[run.output] > 0):
        repeats = run.output in seen and bool(lineage.runs_from(run.output))
        below = tuple(_descendants(lineage, run.output, seen))
        lines.append(Relative(lineage.products[run.output], run, below, repeats))
    return lines


def _pairs(
    found: QuerySet[Any], known: str, run: Any, place: Any
) -> QuerySet[Any, tuple[Any, ...]]:
    """Return ids with those that they were reached from, and what they are ordered by."""
    named: QuerySet[Any] = found.order_by().annotate(known=F(known), run=run, place=place)
    pairs: QuerySet[Any, tuple[Any, ...]] = named.values_list("pk", "known", "run", "place")
    return pairs


def _sources(user: Actor, frontier: Iterable[int]) -> QuerySet[Product, tuple[Any, ...]]:
    """Return the visible products that runs read to make others, deleted ones too."""
    found = products_visible_to(user, include_deleted=True)
    read = found.filter(used_by_links__process__upload__in=frontier)
    links = F("used_by_links__process_id"), F("used_by_links__position")
    viewed = found.filter(saved_views__product__in=frontier)
    return (
        _pairs(read, "used_by_links__process__upload", *links)
        .union(_pairs(viewed, "saved_views__product", Value(0), F("saved_views__id")), all=True)
        .order_by("run", "place")
    )


def _results(user: Actor, frontier: Iterable[int]) -> QuerySet[Product, tuple[Any, ...]]:
    """Return the visible products that runs made, or are making, from others."""
    made = Product.objects.filter(process__input_links__product__in=frontier).order_by()
    # The first condition says nothing new; it has SQLite begin at the links, not at all products.
    found = products_visible_to(user).filter(pk__in=made.values("pk"))
    found = found.filter(process__input_links__product__in=frontier)
    links = F("process__pk"), F("process__input_links__position")
    return (
        _pairs(found, "process__input_links__product", *links)
        .union(_kept_views(user, frontier), all=True)
        .order_by("run", "place")
    )


def _kept_views(user: Actor, frontier: Iterable[int]) -> QuerySet[Product, tuple[Any, ...]]:
    """Return the visible products that are views of others' tables."""
    made = Product.objects.filter(saved_view__source__in=frontier).order_by()
    found = products_visible_to(user).filter(pk__in=made.values("pk"))
    return _pairs(found, "saved_view__source", Value(0), F("saved_view__id"))


def _walk(lineage: Lineage, user: Actor, step: _Step, sign: int) -> dict[int, list[int]]:
    """Go one generation after the other; return what was reached from each product."""
    reached: dict[int, list[int]] = {}
    frontier, room = [lineage.here.pk], MOST_PRODUCTS
    for distance in range(1, GENERATIONS + 1):
        reached |= {pk: [] for pk in frontier}
        pairs = list(step(user, frontier)[: _MOST_LINKS + 1])
        lineage.is_cut |= len(pairs) > _MOST_LINKS
        frontier = []
        for pk, known, *_ in pairs[:_MOST_LINKS]:
            reached[known].append(pk)
            if pk in lineage.generation:
                continue
            if room == 0:
                lineage.is_cut = True
                continue
            room -= 1
            lineage.generation[pk] = sign * distance
            frontier.append(pk)
        if not frontier:
            return reached
    lineage.is_cut = lineage.is_cut or step(user, frontier).exists()
    return reached


def _fetch(lineage: Lineage, user: Actor) -> None:
    """Read the products that were reached, with what is shown of them, in one query."""
    missing = [pk for pk in lineage.generation if pk not in lineage.products]
    if missing:
        products = products_visible_to(user, include_deleted=True).in_bulk(missing)
        lineage.products |= {pk: products[pk] for pk in missing}


def _run(product: Product, inputs: Iterable[int], *, hides_inputs: bool = False) -> MakingRun:
    """Return the run that made a product, named for people; it is fetched with the product."""
    if not hasattr(product, "process"):
        return MakingRun(-view_of(product).pk, VIEW, "", product.pk, tuple(inputs), hides_inputs)
    process = product.process
    pipeline = process.pipeline.name
    label = origin_labels().get(pipeline, pipeline)
    version = process.pipeline_version
    return MakingRun(process.pk, label, version, product.pk, tuple(inputs), hides_inputs)


def view_of(product: Any) -> Any:
    """Return the view that a product was saved from: a model of an app above the catalog."""
    return product.saved_view


def _is_made(product: Product) -> bool:
    """Return whether it comes from other products."""
    return hasattr(product, "process") or hasattr(product, "saved_view")


def _runs_before(lineage: Lineage, read: dict[int, list[int]]) -> list[MakingRun]:
    """Return the runs that made a product and its ancestors."""
    made = {pk: found for pk, found in read.items() if _is_made(lineage.products[pk])}
    if not made:
        return []
    counted = (
        Product.objects.filter(pk__in=made).order_by().annotate(n=Count("process__input_links"))
    )
    views = {pk for pk in made if hasattr(lineage.products[pk], "saved_view")}
    n_inputs = dict(counted.values_list("pk", "n")) | dict.fromkeys(views, 1)
    return [
        _run(
            lineage.products[pk],
            [source for source in found if source in lineage.products],
            hides_inputs=len(found) < n_inputs[pk] and not lineage.is_cut,
        )
        for pk, found in made.items()
    ]


def _runs_after(lineage: Lineage, used: dict[int, list[int]]) -> list[MakingRun]:
    """Return the runs that made descendants, each with those of its inputs that are shown."""
    inputs: dict[int, list[int]] = {}
    for source, outputs in used.items():
        for output in outputs:
            if output in lineage.products:
                inputs.setdefault(output, []).append(source)
    return [_run(lineage.products[output], sources) for output, sources in inputs.items()]


def _set_generations(lineage: Lineage) -> None:
    """Move each product as far from the middle as its longest way, so that no arrow turns back."""
    generation = lineage.generation
    for _ in lineage.products:
        before = dict(generation)
        for run in lineage.runs:
            for source in run.inputs:
                if generation[run.output] <= 0:
                    generation[source] = min(generation[source], generation[run.output] - 1)
                else:
                    generation[run.output] = max(generation[run.output], generation[source] + 1)
        if generation == before:
            return
