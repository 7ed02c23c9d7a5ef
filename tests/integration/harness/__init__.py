"""The objects that integration tests are written with. See ../README.md."""

from .api import Api, ApiError
from .books import Books
from .certificates import Certificates
from .postgres import Postgres
from .programs import ControlPlane, DataPlane, Provider
from .process import free_port, wait_until
from .stack import Stack

__all__ = [
    "Api",
    "ApiError",
    "Books",
    "Certificates",
    "ControlPlane",
    "DataPlane",
    "Postgres",
    "Provider",
    "Stack",
    "free_port",
    "wait_until",
]
