from .server import ScriptedProvider  # noqa: F401
