"""Views that every API view derives from."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.db.models import Model
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import APIRootView
from rest_framework.serializers import BooleanField, CharField
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from pzhub.config import hub_config
from pzhub.core.errors import NotFoundError

Row = TypeVar("Row", bound=Model)


class AccessMarks:
    """What the permission of accounts reads from a view.

    Attributes
    ----------
    required_scope
        Token scope that the unsafe methods need; ``None`` means "upload".
    get_has_effects
        Whether GET changes something here: then it needs the scope too, and a token.
    """

    required_scope: ClassVar[str | None] = None
    get_has_effects: ClassVar[bool] = False
    request: Any

    @property
    def actor(self) -> Any:
        """The signed-in `accounts.User`; the permission has checked that there is one."""
        return self.request.user


class PzView(AccessMarks, APIView):
    """A single address of the API."""


class PzViewSet(AccessMarks, GenericViewSet[Row]):
    """A collection of the API.

    Attributes
    ----------
    ordering_fields
        The names that can order it.
    filterset_names
        Legal filter keys, where OPTIONS lists names instead of filter classes.
    """

    ordering_fields: ClassVar[Any] = ()
    filterset_names: ClassVar[tuple[str, ...]] = ()

    def render(self, row: Row, status: int = 200) -> Response:
        """Return one row as its serializer writes it."""
        return Response(self.get_serializer(row).data, status=status)


class ApiRoot(AccessMarks, APIRootView):
    """The addresses of the collections."""


class UnknownPath(APIView):
    """Whatever is not an address of the API: 404, in JSON, to everybody."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse before any method is looked at."""
        raise NotFoundError(
            f"There is nothing at {request.path}. All addresses of the API end in a slash."
        )


class WhichEnvironment(APIView):
    """The name of this instance, for scripts and for the site's banner."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        responses=inline_serializer(
            "Environment", {"enviroment_name": CharField(), "is_dev": BooleanField()}
        )
    )
    def get(self, request: Request) -> Response:
        """Return the name and whether it is not the production instance."""
        name = hub_config().environment_name
        # contract: the key is spelt like this.
        return Response({"enviroment_name": name, "is_dev": name != "Production"})
